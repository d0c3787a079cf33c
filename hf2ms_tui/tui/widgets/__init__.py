"""Widgets that draw many lines by themselves, and small ones for cards, checks and confirmation.

They know nothing of repos, jobs or hubs: screens hand them rows, lines and views. They may use ``tui.text``,
``tui.units`` and textual. Everything drawn passes ``tui.text``, so foreign text stays inert whatever a caller forgot.
"""
