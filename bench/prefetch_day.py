"""A day's mail of a provider with 20,000 mailboxes, as bench/prefetch.py replays it.

No public trace of such mail exists; these are assumptions, each in one constant, and each chosen to
be hard on the queue rather than kind:

- A mailbox gets 12 mails with remote images a day, in the busiest hours at 2.5 times that rate.
- Four in five are of a campaign. A campaign reaches a log-normal number of our mailboxes (median 15,
  mean about 31, at most 5,000), within a burst: exponential gaps with a mean of 10 s a mail at the
  median, so a large one comes faster.
- A mail has a log-normal number of images (median 6, mean about 8, at most 60). 15 % of a campaign's
  images have a URL of their own for each recipient, the rest are the campaign's; of a single mail's
  images 30 % are its own, the rest belong to its sender and come again and again.
- 2,000 hosts, by Zipf's law with exponent 1.1.
- Half of the mails are opened. 8 % of those by a notification, which takes two seconds to come and
  be touched, and then an exponential time with a mean of 6 s; the others after a log-normal time with
  a median of 40 minutes (sigma 1.6).

Only the arrivals are compressed, SPEED times: mail comes as densely as at a provider so many times
larger, and so do the server's `rate` and `per_domain`. What follows on an arrival (jitter, fetch, first
open) takes the time that it takes.
"""

import bisect
import itertools
import math
import random

MAILBOXES = 20000
MAILS = 12
PEAK = 2.5
SPEED = 20
OF_A_CAMPAIGN = 0.8
REACH = (math.log(15), 1.2)
MOST_REACHED = 5000
BURST_S = 10 * 15  # how long a campaign's mails keep coming, about
IMAGES = (math.log(6), 0.8)
MOST_IMAGES = 60
OWN_IN_CAMPAIGN, OWN_IN_SINGLE = 0.15, 0.3
HOSTS, ZIPF = 2000, 1.1
SENDERS_IMAGES = 12
OPENED, NOTIFIED = 0.5, 0.08
NOTIFIED_SOONEST_S, NOTIFIED_S = 2, 6
OPEN = (math.log(40 * 60), 1.6)


class Mail:
    def __init__(self, at_s, images, opened_s):
        self.at_s = at_s  # of the replay
        self.images = images  # numbers
        self.opened_s = opened_s  # after its arrival; None: never


class Day:
    """Mails in the order of their arrival; host(number) is where an image of theirs comes from."""

    def __init__(self, seconds, seed=1, rate=PEAK):
        self.random = random.Random(seed)
        self.hosts = []  # by number
        self.weights = list(itertools.accumulate(1 / rank ** ZIPF for rank in range(1, HOSTS + 1)))
        self.of_sender = {}
        self.mails = []
        wanted = round(MAILBOXES * MAILS / 86400 * rate * SPEED * seconds)
        while len(self.mails) < wanted:
            self.campaign(seconds) if self.random.random() < self.campaign_share() \
                else self.single(seconds)
        self.mails = sorted(self.mails[:wanted], key=lambda mail: mail.at_s)

    def campaign_share(self):
        """Of the events: a campaign is many mails at once."""
        mean = math.exp(REACH[0] + REACH[1] ** 2 / 2)
        return OF_A_CAMPAIGN / mean / (OF_A_CAMPAIGN / mean + 1 - OF_A_CAMPAIGN)

    def new_image(self, host):
        self.hosts.append(host)
        return len(self.hosts) - 1

    def some_host(self):
        return bisect.bisect(self.weights, self.random.random() * self.weights[-1])

    def draw(self, law, most):
        return max(1, min(most, round(self.random.lognormvariate(*law))))

    def add(self, at_s, images):
        opened_s = None
        if self.random.random() < OPENED:
            opened_s = self.random.lognormvariate(*OPEN)
            if self.random.random() < NOTIFIED:
                opened_s = NOTIFIED_SOONEST_S + self.random.expovariate(1 / NOTIFIED_S)
        self.mails.append(Mail(at_s, images, opened_s))

    def campaign(self, seconds):
        host, count = self.some_host(), self.draw(IMAGES, MOST_IMAGES)
        own = sum(self.random.random() < OWN_IN_CAMPAIGN for _ in range(count))
        shared = [self.new_image(host) for _ in range(count - own)]
        reach = self.draw(REACH, MOST_REACHED)
        at_s = self.random.uniform(-BURST_S / SPEED, seconds)
        for _ in range(reach):
            at_s += self.random.expovariate(reach / (BURST_S / SPEED))
            if 0 <= at_s < seconds:
                self.add(at_s, shared + [self.new_image(host) for _ in range(own)])

    def single(self, seconds):
        host, count = self.some_host(), self.draw(IMAGES, MOST_IMAGES)
        kept = self.of_sender.setdefault(host, [])
        while len(kept) < SENDERS_IMAGES:
            kept.append(self.new_image(host))
        self.add(self.random.uniform(0, seconds), [
            self.new_image(host) if self.random.random() < OWN_IN_SINGLE
            else self.random.choice(kept) for _ in range(count)])

    def facts(self):
        images = {number for mail in self.mails for number in mail.images}
        return (f"{len(self.mails)} mails with {sum(len(m.images) for m in self.mails)} images, "
                f"{len(images)} of them different, from {len({self.hosts[n] for n in images})} hosts")
