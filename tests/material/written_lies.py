"""Lies about an honest result, all of which are found."""

from collections.abc import Mapping

import lies_about_curves
import lies_about_data
import lies_about_documents
import lies_about_generators
import lies_about_systems
from lie_edits import Lie

LIES: Mapping[str, Lie] = {
    **lies_about_documents.LIES,
    **lies_about_systems.LIES,
    **lies_about_data.LIES,
    **lies_about_curves.LIES,
    **lies_about_generators.LIES,
}
