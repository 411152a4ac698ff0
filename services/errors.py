"""What can go wrong in the verbs of the product, as one tree.

    ServiceError                     base: its text is one line a person can act on
      NotFound                       an id or a name that is not there
      Refused                        understood, but a rule forbids it: the rule and the way out are in the text
        DecisionsRestOnIt            deleting would orphan decisions; hide instead

Errors of models come from `scoring.errors` and are not wrapped here.
"""

from __future__ import annotations


class ServiceError(Exception):
    """Base of what services raise on purpose; the text is one line for a person."""


class NotFound(ServiceError):
    """An id or a name that is not there."""


class Refused(ServiceError):
    """Understood, but a rule forbids it."""


class DecisionsRestOnIt(Refused):
    """Deleting it would take away what decisions refer to."""
