"""What a certificate is about: a dataset under a run, as it stood at a cut, and what its people are called in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.queries_certificate import people_of
from db.queries_reviews import latest_run_id
from db.tables import Dataset, Run
from services.annotators import MACHINE_NAME
from services.certificate.as_of import AsOf, Cut, as_of
from services.errors import NotFound

SOMEBODY = "somebody without a decision"


@dataclass(frozen=True, slots=True)
class Subject:
    """A dataset under a run at a cut. `people` says what each annotator is called."""

    dataset_id: int
    run_id: int | None
    cut: Cut
    sessions: AsOf  # see the database as it stood at the cut
    has_names: bool
    people: dict[int, str]

    def called(self, annotator_id: int | None) -> str:
        """A person's name in the certificate."""
        return self.people.get(annotator_id or 0, SOMEBODY)


def subject_of(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None, cut: Cut, has_names: bool
) -> Subject:
    """The subject at a cut. Raises NotFound when the dataset, or the run as one of its own, is not here."""
    earlier = as_of(sessions, cut)
    with earlier() as session:
        dataset = session.get(Dataset, dataset_id)
        if dataset is None or dataset.state != "ready":
            raise NotFound(f"there is no dataset {dataset_id}; it may have been deleted")
        run = None if run_id is None else session.get(Run, run_id)
        if run_id is not None and (run is None or run.dataset_id != dataset_id):
            raise NotFound(f"run {run_id} is no run of dataset {dataset.name!r}; see `tare runs {dataset.name}`")
        people = _people(session, dataset_id, has_names=has_names)
    return Subject(dataset_id, run_id, cut, earlier, has_names, people)


def default_run(sessions: sessionmaker[Session], dataset_id: int) -> int | None:
    """The latest finished run, None where nothing was weighed."""
    with sessions() as session:
        return latest_run_id(session, dataset_id)


def _people(session: Session, dataset_id: int, *, has_names: bool) -> dict[int, str]:
    """Pseudonyms go by the order in which people came to the desk, which says nothing of their names."""
    found = [(number, name) for number, name in people_of(session, dataset_id)]
    machine = {number: name for number, name in found if name == MACHINE_NAME}
    people = [(number, name) for number, name in found if number not in machine]
    return machine | {number: name if has_names else f"Person {n}" for n, (number, name) in enumerate(people, 1)}
