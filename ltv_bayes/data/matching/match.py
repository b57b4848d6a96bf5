"""Which ids of several systems are one customer: found, decided, joined."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import pandas as pd

from ltv_bayes.data.matching.decided import read_decisions
from ltv_bayes.data.matching.evidence import (
    BY_HAND,
    DIFFERENT,
    ID_MAP,
    SAME,
    UNDECIDED,
    Evidence,
    gathered,
    scores,
)
from ltv_bayes.data.matching.joined import Joined, Pair, chain, joined
from ltv_bayes.data.matching.matches import CustomerMatches
from ltv_bayes.data.matching.systems import Columns, Parties, read_parties
from ltv_bayes.data.orders.transactions import refuse_choice
from ltv_bayes.data.reading.files import source_name
from ltv_bayes.errors import InputError, counted
from ltv_bayes.language import _, comma

LOWEST_SCORE, HIGHEST_SCORE = 60, 100
MOST_CHAINS = 5
BY_PERSON = "decided by a person"


def match_customers(
    systems: Mapping[str, Any],
    *,
    customer_id: Columns = "customer_id",
    name: Columns = "name",
    tax_number: Columns = None,
    id_map: Any = None,
    decisions: Any = None,
    equal_names: Literal["review", "same"] = "review",
    least_score: float = 85.0,
) -> CustomerMatches:
    """Find which ids of orders, contracts, service and opportunities are one customer.

    Certain rules decide that two ids are the same: a row of your id map; a Salesforce id of 15 characters and its
    proven form of 18; equal tax numbers; equal ids. Where names or tax numbers speak against them the pair is a
    conflict, which a person decides. Names that are equal but for width, case, accents, punctuation and the company's
    form, and names that are nearly alike, are proposed. Nothing else is merged. Names that differ in a number or a
    place are never proposed.

    Parameters
    ----------
    systems : mapping
        Each system's name with its table: a path or frame that :func:`ltv_bayes.read_table` reads, `Transactions` or
        `Customers`. A customer of several systems takes the id that the first of them has.
    customer_id, name, tax_number : str or mapping
        The column, one for all systems or by system, as in ``{"crm": "AccountId"}``; systems that a mapping does not
        name have the usual column. A system without the column of names or tax numbers is compared without. Where ids
        are names, name the column of ids.
    id_map : path or frame, optional
        A table with a column for each of some systems, called as they are, and in each row the ids of one customer.
    decisions : path or frame, optional
        What :meth:`CustomerMatches.write` wrote, with "same" or "different" in the column ``decision``. A person's word
        goes before the rules.
    equal_names : {"review", "same"}
        Whether equal names are for a person to decide, or the same customer. Names that are equal but for a place are
        always reviewed.
    least_score : float
        The similarity from which names that are not equal are proposed, 60 to 100. The names' words are in order of the
        alphabet, without numbers, places and the company's form; 100 is equal, and one letter changed in ten is 90.

    Returns
    -------
    CustomerMatches
        The pairs with reason and decision, and the customer of each id.

    Raises
    ------
    InputError
        If a row has no id, or decisions cannot be read, or contradict each other; the message names the rows.
    ColumnError
        If a column is not there.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["C1", "C2"], "name": ["Ada GmbH", "Bo Ltd"]})
    >>> crm = pd.DataFrame({"customer_id": ["7", "8"], "name": ["ADA Gmbh", "Bo Limited"], "vat": "DE123456788"})
    >>> match_customers({"orders": orders, "crm": crm}).pairs[["id_a", "id_b", "reason", "decision"]]
      id_a id_b       reason decision
    0   C1    7  equal names
    1   C2    8  equal names
    >>> match_customers({"orders": orders, "crm": crm}, equal_names="same").customers["customer_id"].tolist()
    ['C1', 'C2', 'C1', 'C2']
    """
    refuse_choice("equal_names", equal_names, ("review", SAME))
    if not LOWEST_SCORE <= least_score <= HIGHEST_SCORE:
        raise InputError(
            _(
                "least_score={least_score:g} is not between {lowest_score} and {highest_score}.",
                least_score=least_score,
                lowest_score=LOWEST_SCORE,
                highest_score=HIGHEST_SCORE,
            )
        )
    parties = read_parties(systems, customer_id, name, tax_number)
    found, notes = gathered(parties, id_map, equal_names, least_score)
    if decisions is not None:
        found = _decided(parties, found, decisions)
    whole = joined(len(parties.table), _of(found, SAME))
    _refuse_joined_apart(parties, found, whole, decisions)
    found = _open_once(found, whole)
    customers, clashes = _customers(parties, found, whole)
    return CustomerMatches(_pairs(parties, found), customers, (*parties.notes, *notes, *clashes), parties.columns)


def _of(found: Mapping[Pair, Evidence], decision: str) -> list[Pair]:
    return [pair for pair, evidence in found.items() if evidence.decision == decision]


def _decided(parties: Parties, found: Mapping[Pair, Evidence], source: Any) -> dict[Pair, Evidence]:
    """Put a person's decisions in the place of what rules say."""
    after = dict(found)
    for pair, (word, row) in read_decisions(source, parties).items():
        before = found.get(pair, Evidence(BY_HAND, BY_PERSON, word, "person"))
        if before.rule == ID_MAP and word == DIFFERENT:
            one, other = map(parties.called, pair)
            raise InputError(
                _(
                    "Row {row} of {source} says that {one} and {other} are different, and the id map that they "
                    "are one. Correct one of them.",
                    row=row,
                    source=source_name(source),
                    one=one,
                    other=other,
                ),
                [row],
            )
        after[pair] = Evidence(before.rule, before.reason, word, "person")
    return after


def _refuse_joined_apart(parties: Parties, found: Mapping[Pair, Evidence], whole: Joined, source: Any) -> None:
    """Raise if ids that a person called different are one customer by way of others."""
    together = [pair for pair in _of(found, DIFFERENT) if whole.first[pair[0]] == whole.first[pair[1]]]
    if not together:
        return
    rows = {pair: row for pair, (_unused, row) in read_decisions(source, parties).items()}
    same = _of(found, SAME)
    chains, at_fault = [], []
    for one, other in together[:MOST_CHAINS]:
        way = chain(same, one, other)
        links = [(min(link), max(link)) for link in pairwise(way)]
        reasons = (_("row {rows}", rows=rows[link]) if link in rows else found[link].reason for link in links)
        steps = [f"{parties.called(a)} = {parties.called(b)} ({by})" for (a, b), by in zip(links, reasons, strict=True)]
        chains.append(
            _(
                "Row {rows} says that {called} and {called_2} are different, but they are one by way of {steps}.",
                rows=rows[one, other],
                called=parties.called(one),
                called_2=parties.called(other),
                steps=comma(steps),
            )
        )
        at_fault += [rows[one, other], *(rows[link] for link in links if link in rows)]
    more = (
        _(" {further_rows} of this kind.", further_rows=counted(len(together) - MOST_CHAINS, "further row"))
        if len(together) > MOST_CHAINS
        else ""
    )
    raise InputError(
        _(
            "{source} contradicts itself or a rule. {chains}{more} Write 'different' at one pair of each "
            "chain, or 'same' in the row.",
            source=source_name(source),
            chains=" ".join(chains),
            more=more,
        ),
        list(dict.fromkeys(at_fault)),
    )


def _open_once(found: Mapping[Pair, Evidence], whole: Joined) -> dict[Pair, Evidence]:
    """Keep of open pairs one for two customers, the strongest; none of one customer, or of two known to differ."""

    def customers(pair: Pair) -> Pair:
        one, other = whole.first[pair[0]], whole.first[pair[1]]
        return (min(one, other), max(one, other))

    excluded = {customers(pair) for pair in _of(found, DIFFERENT)}
    kept = {pair: evidence for pair, evidence in found.items() if evidence.decision != UNDECIDED}
    for pair in sorted(_of(found, UNDECIDED), key=lambda pair: (found[pair].rule, pair)):
        two = customers(pair)
        if two[0] != two[1] and two not in excluded:
            excluded.add(two)
            kept[pair] = found[pair]
    return kept


def _pairs(parties: Parties, found: Mapping[Pair, Evidence]) -> pd.DataFrame:
    """The table to review: what is open first, conflicts before likenesses, the most alike first."""
    pairs = list(found)
    sides: dict[str, Any] = {}
    for letter, places in (("a", [one for one, _unused in pairs]), ("b", [other for _unused, other in pairs])):
        own = parties.table.iloc[places]
        sides |= {f"{column}_{letter}": own[column].array for column in ("system", "id", "name")}
    evidence = list(found.values())
    table = pd.DataFrame(
        {
            **sides,
            "score": scores(parties, pairs),
            "reason": pd.Series([one.reason for one in evidence], dtype="str"),
            "decision": pd.Series([one.decision for one in evidence], dtype="str"),
            "decided_by": pd.Series([one.decided_by for one in evidence], dtype="str"),
            "rule": [one.rule for one in evidence],
        }
    )
    table["done"] = table["decision"] != UNDECIDED
    order = ["done", "rule", "score"]
    table = table.sort_values(order, ascending=[True, True, False], kind="stable", ignore_index=True)
    return table.drop(columns=["done", "rule"])


def _customers(parties: Parties, found: Mapping[Pair, Evidence], whole: Joined) -> tuple[pd.DataFrame, list[str]]:
    """The customer of each id, and which ids are those of two customers."""
    whole_numbers = all(isinstance(value, int) for value in parties.table["id"])
    ids = parties.table["id" if whole_numbers else "text"].tolist()
    systems = parties.table["system"].tolist()
    firsts = sorted(set(whole.first))
    called, clashing = _one_name_each(firsts, ids, systems)
    table = parties.table[["system", "id", "name"]].assign(
        customer_id=pd.Series([called[first] for first in whole.first]).infer_objects(),
        customer_system=[systems[first] for first in whole.first],
        reason=pd.Series(_reasons(found, whole), dtype="str"),
    )
    if not clashing:
        return table, []
    shown = ", ".join(clashing[:3])
    return table, [
        _(
            "{ids} of two customers that were not merged, written as in {shown}",
            ids=counted(len(clashing), "id"),
            shown=shown,
        )
    ]


def _one_name_each(
    firsts: Iterable[int], ids: Sequence[Any], systems: Sequence[str]
) -> tuple[dict[int, Any], list[str]]:
    """Give each customer an id of its own: where two have the same, the later one's begins with its system."""
    called: dict[int, Any] = {}
    taken = set(ids)
    used: set[Any] = set()
    clashing = []
    for first in firsts:
        own = ids[first]
        if own in used:
            own = f"{systems[first]}:{own}"
            while own in taken or own in used:
                own += "'"
            clashing.append(own)
        called[first] = own
        used.add(own)
    if clashing:
        called = {first: str(own) for first, own in called.items()}
    return called, clashing


def _reasons(found: Mapping[Pair, Evidence], whole: Joined) -> list[str]:
    """What joined each id to its customer; empty for the first of each."""
    reasons = []
    for place, through in enumerate(whole.through):
        evidence = found[(min(place, through), max(place, through))] if place != through else None
        by = "" if evidence is None else evidence.reason
        person = evidence is not None and evidence.decided_by == "person" and by != BY_PERSON
        reasons.append(f"{by}, {BY_PERSON}" if person else by)
    return reasons
