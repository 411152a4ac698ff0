"""A filter's answer that is kept in memory is never an old one."""

from __future__ import annotations

from service_builders import Reviewer, draft, item_ids, make_dataset
from sqlalchemy import select

from db.session import Sessions
from db.tables import Item
from services.item_store import insert_items
from services.reviews.filters import Filters
from services.reviews.kept_items import kept_select

ITEMS = [draft("How to brew?", "So.", "Not."), draft("How much?", "7.50", "8"), draft("Why?", "To brew it.", "No.")]


def test_what_is_kept_of_a_filter_gives_way_when_items_come_or_are_decided(desk: Sessions) -> None:
    """The second question is answered from memory; new items and decisions are seen all the same."""
    dataset_id = make_dataset(desk, ITEMS)
    ids = item_ids(desk, dataset_id)
    ann = Reviewer(desk, dataset_id)

    def shown(filters: Filters) -> list[int]:
        with desk() as session:
            among = kept_select(session, filters, None, dataset_id=dataset_id)
            assert among is not None
            return list(session.scalars(select(Item.position).where(Item.item_id.in_(among)).order_by(Item.position)))

    brew, open_brew = Filters(words="brew"), Filters(words="brew", verdicts=("undecided",))
    assert (shown(brew), shown(open_brew)) == ([0, 2], [0, 2])
    ann.say(ids[0])
    assert (shown(brew), shown(open_brew)) == ([0, 2], [2])
    ann.say(ids[2])
    assert (shown(brew), shown(open_brew)) == ([0, 2], [])
    with desk.begin() as session:
        insert_items(session, dataset_id, [draft("A new brew?", "Yes.", "No.")], first_position=len(ITEMS))
    assert (shown(brew), shown(open_brew)) == ([0, 2, 3], [3])
