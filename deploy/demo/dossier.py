"""What a sender concludes from its log: nothing here knows what really happened, which mailbox is
protected, or how the requests came about. The same code judges both mailboxes."""

import re
import time

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
    "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}
# The first that matches names the program: the later ones also stand in the names of others.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Thunderbird/", "Thunderbird"),
            ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
            ("AppleWebKit/", "Apple Mail"))
SYSTEMS = (("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"),
           ("Windows", "Windows"), ("Mac OS X", "a Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


def program(user_agent):
    """"Firefox on Linux", or None for what is no reader's program."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    if not browser:
        return None
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    return f"{browser} on {system}" if system else browser


def language(accept_language):
    tag = re.match(r"[A-Za-z0-9-]+", accept_language or "")
    if not tag:
        return None
    name = LANGUAGES.get(tag[0].split("-")[0].lower())
    return f"{name} ({tag[0]})" if name else tag[0]


def clock(at):
    return time.strftime("%H:%M:%S", time.localtime(at))


def _listed(words):
    words = list(dict.fromkeys(words))
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _openings(requests):
    """One opening asks once for each picture: the times of the picture asked for most often."""
    times = {}
    for request in requests:
        times.setdefault(request.picture, []).append(request.at)
    return max(times.values(), key=len, default=[])


def _facts_of_reader(requests):
    devices = {}
    for request in requests:
        key = (request.address, request.headers.get("user-agent", ""))
        devices.setdefault(key, []).append(request)
    openings = sorted(at for own in devices.values() for at in _openings(own))
    headers = [request.headers for request in requests]
    languages = [language(h.get("accept-language")) for h in headers]
    return {
        "opened": len(openings),
        "times": [clock(at) for at in openings],
        "addresses": list(dict.fromkeys(address for address, _ in devices)),
        "programs": list(dict.fromkeys(program(agent) for _, agent in devices)),
        "languages": list(dict.fromkeys(word for word in languages if word)),
        "webmail": list(dict.fromkeys(h["referer"] for h in headers if "referer" in h)),
        "recognised": any(request.known_again for request in requests),
    }


def _sentence_of_reader(name, facts):
    times = {1: "once", 2: "twice"}.get(facts["opened"], f"{facts['opened']} times")
    text = (f"{name} opened it {times}, {'first ' if facts['opened'] > 1 else ''}"
            f"at {facts['times'][0]}, from {_listed(facts['addresses'])}, "
            f"with {_listed(facts['programs'])}")
    if facts["languages"]:
        text += f", and reads {_listed(facts['languages'])}"
    return text + "."


def conclude(name, requests):
    """The facts, and one sentence of them. `kind`: "reader", "proxy" or "nothing"."""
    readers = [r for r in requests if program(r.headers.get("user-agent", ""))]
    if readers:
        facts = _facts_of_reader(readers)
        return {"kind": "reader", "sentence": _sentence_of_reader(name, facts), "facts": facts}
    if not requests:
        return {"kind": "nothing", "facts": None,
                "sentence": "Nothing. Not one request has reached it."}
    most = max(request.count for request in requests)
    often = "once" if most == 1 else f"up to {most} times"
    text = (f"A proxy fetched its {'picture' if len(requests) == 1 else 'pictures'} {often}, at "
            f"{clock(requests[0].at)}. Nothing about {name}: not whether she opened it, nor when, "
            "where or on what.")
    return {"kind": "proxy", "sentence": text, "facts": None}
