"""The full-screen face: app, screens (one .py and one .tcss each) and widgets.

Draws what ``services`` say and sends keys back; no hub, engine or database call happens on the event loop. The only room,
with the command line's start of it, that imports Textual.
"""
