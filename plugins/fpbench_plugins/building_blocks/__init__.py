"""Code that several plugins share. Not a plugin: it offers no entries.

Rooms import downwards only: ``contrastive`` imports ``encoders``; ``encoders`` and ``flow`` import
``compute``. All of them, and plugins, import the files of this folder, which import no room.
"""
