"""Another reading of schedule rules: dateutil and croniter name local times, zoneinfo maps them.

In: one case a line, as JSON. Out: one line each, the instants in seconds since 1970, or an error as text.
The policies for clock changes and the clauses are written here from their definition alone.
"""

import datetime as dt
import heapq
import json
import sys
import warnings
import zoneinfo

from croniter import CroniterBadDateError, croniter
from dateutil import rrule

warnings.simplefilter("ignore")

EPOCH = dt.datetime(1970, 1, 1)
SECOND = dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)
ZONES = {}


def offset(zone, civil, fold):
    return civil.replace(tzinfo=zone, fold=fold).utcoffset()


def shown(zone, utc):
    """The clock's offset at an instant."""
    return utc.replace(tzinfo=dt.timezone.utc).astimezone(zone).utcoffset()


def instants(zone, civil, gap, fold):
    """The instants that a local time stands for."""
    before, after = offset(zone, civil, 0), offset(zone, civil, 1)
    if before == after:
        return [civil - before]
    if before > after:
        first, second = civil - before, civil - after
        return {"first": [first], "second": [second], "both": [first, second]}[fold]
    if gap == "skip":
        return []
    # The first instant with the new offset.
    low, high = civil - after, civil - before
    while high - low > SECOND:
        middle = low + (high - low) // SECOND // 2 * SECOND
        if shown(zone, middle) == after:
            high = middle
        else:
            low = middle
    return [high]


def is_steady(zone, civil):
    """Whether no clock changes near that local time, so that instants come in the order of local times."""
    at = civil - offset(zone, civil, 0)
    return shown(zone, at - 2 * DAY) == shown(zone, at + 2 * DAY)


def moment(text):
    return dt.datetime.fromisoformat(text) if text else None


def cron(text, after):
    times = croniter(text, after, dt.datetime, second_at_beginning=True, max_years_between_matches=50)
    try:
        while True:
            yield times.get_next()
    except CroniterBadDateError:
        # None in fifty years.
        return


def local_times(case, zone, after, horizon):
    """The local times that the rule names, from its start or from some time before `after`."""
    if case["kind"] == "cron":
        local = after + shown(zone, after)
        since = local - SECOND if is_steady(zone, local) else local - 26 * 3600 * SECOND
        yield from heapq.merge(*(cron(text, since) for text in case["cron"]))
        return
    if case["kind"] == "text":
        yield from rrule.rrulestr(case["text"])
        return
    parts = {name: value for name, value in case["parts"].items() if value is not None}
    frequency = getattr(rrule, parts.pop("freq"))
    if "byweekday" in parts:
        parts["byweekday"] = [rrule.weekday(day, place) for day, place in parts["byweekday"]]
    until = moment(parts.pop("until", None))
    until = min(until, horizon) if until else horizon
    yield from rrule.rrule(frequency, dtstart=moment(case["start"]), until=until, **parts)


def is_left(case, civil):
    """What the clauses leave."""
    if case["between"]:
        first, last = case["between"]
        second = (civil - civil.replace(hour=0, minute=0, second=0)).total_seconds()
        is_open = first <= second <= last if first <= last else second >= first or second <= last
        if not is_open:
            return False
    day = civil.date()
    return not (
        day.isoformat() in case["dates"]
        or day.isoformat()[5:] in case["dates"]
        or day.weekday() in case["weekdays"]
    )


def occurrences(case):
    zone = ZONES.setdefault(case["tz"], zoneinfo.ZoneInfo(case["tz"]))
    after = EPOCH + case["after"] * SECOND
    horizon = EPOCH + case["horizon"] * SECOND
    counted = set()
    wanted = set()
    for civil in local_times(case, zone, after, horizon):
        if civil > horizon:
            break
        found = instants(zone, civil, case["gap"], case["fold"])
        if case["count"]:
            # Occurrences are counted as they happen, before clauses take any away.
            counted.update(found)
        if is_left(case, civil):
            wanted.update(at for at in found if at > after)
        enough = len(wanted) > case["most"] or case["count"] and len(counted) > case["count"]
        if enough and is_steady(zone, civil):
            break
    if case["count"]:
        wanted &= set(sorted(counted)[: case["count"]])
    return [int((at - EPOCH) / SECOND) for at in sorted(wanted)][: case["most"]]


def main():
    for line in sys.stdin:
        try:
            answer = occurrences(json.loads(line))
        except Exception as error:  # A case that the peer refuses is an answer too.
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


main()
