"""The weeks of a chapter, for model.py: who is in its exports."""

UNSEEN = " \u00a0\u200b\ufeff"
# What stands in place of an address.
BROKEN = ["", "", "NULL", "Rosa <rosa@example.org>", "p1@example.org.", "p1@p2@example.org", "p1@example"]


def address_of(row):
    """The address that makes a member of a row; "" when there is none that is one."""
    address = row["email"].strip(UNSEEN).lower()
    return "" if address in {broken.lower() for broken in BROKEN} else address


def is_members(row):
    return row["letter"] == "M"


def mark_of(row):
    """By which somebody is recognised without an address."""
    return row["akid"].removesuffix(".0")


class Chapter:
    """Who is in the export, week by week."""

    def __init__(self, dice):
        self.dice = dice
        self.addresses = [f"p{n}@example.org" for n in range(10)] + [
            "o'neill@example.org", "karl+dues@example.org", "x_y-z@sub.example.org", "ünï@example.org"]
        self.here, self.away, self.number = {}, {}, 0
        for _ in range(dice.randint(2, 8)):
            self.join()

    def row(self, akid, email):
        pick = self.dice.choice
        return {"akid": pick([f"{akid}"] * 6 + [f"{akid}.0"]), "letter": "M", "first_name": pick(["Rosa", "Siobhán", 'Karl "Charly"', "Ann, B.", ""]),
                "city": pick(["Boston", "Lynn", "Salem", ""]), "phone": pick(["6175550100", "", ""]),
                "email": email}

    def spelt(self, address):
        return self.dice.choice([address] * 6 + [address.title(), f" {address} ", f"{address}\u00a0",
                                                 f"\u200b{address}"])

    def join(self):
        self.number += 1
        address = self.dice.choice(self.addresses)  # may be somebody's: then they share it
        self.here[self.number] = self.row(self.number, self.spelt(address))

    def somebody(self, where):
        return self.dice.choice(sorted(where)) if where else None

    def change(self):
        akid = self.somebody(self.here)
        if akid:
            self.here[akid] = self.row(akid, self.here[akid]["email"])

    def move(self):
        akid = self.somebody(self.here)
        if akid:
            email = self.spelt(self.dice.choice(self.addresses))
            self.here[akid] = {**self.here[akid], "email": email}

    def lose_address(self):
        akid = self.somebody(self.here)
        if akid and len(self.here) > 2:
            self.here[akid] = {**self.here[akid], "email": self.dice.choice(BROKEN)}

    def turn(self):
        """Somebody's row says that they are no member any more, or are one again."""
        akid = self.somebody(self.here)
        if akid:
            letter = self.dice.choice("LE") if is_members(self.here[akid]) else "M"
            self.here[akid] = {**self.here[akid], "letter": letter}

    def lapse(self):
        akid = self.somebody(self.here)
        if akid and len(self.here) > 2:
            self.away[akid] = self.here.pop(akid)

    def come_back(self):
        akid = self.somebody(self.away)
        if akid:
            self.here[akid] = self.away.pop(akid)

    def week(self):
        """The next export's rows, in some order."""
        happenings = [self.join, self.change, self.change, self.move, self.move, self.lapse,
                      self.come_back, self.lose_address, self.turn]
        for _ in range(self.dice.randint(0, 6)):
            self.dice.choice(happenings)()
        rows = [dict(row) for row in self.here.values()]
        self.dice.shuffle(rows)
        if not any(is_members(row) and address_of(row) for row in rows):
            rows.append(self.row(0, "somebody@example.org"))
        return rows
