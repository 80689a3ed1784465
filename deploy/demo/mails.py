"""The sample mails, and the way one becomes a message to a mailbox."""

import email
import email.policy
import email.utils
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent / "mails"
MAILS = {
    "newsletter": "Newsletter: banner, pictures, a background, a pixel",
    "personal": "Sales mail: looks personal, carries two invisible pixels",
    "receipt": "Receipt: srcset, web font, import, sound, pixel",
}


def compose(name, sender_url, token, mailbox):
    """The mail as it arrives: placeholders filled, text in quoted-printable, as most mail is."""
    text = (FOLDER / f"{name}.eml").read_text(encoding="utf-8")
    values = {"sender": sender_url, "token": token, "mailbox": mailbox,
              "date": email.utils.formatdate(localtime=True)}
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], text)
    message = email.message_from_bytes(text.encode(), policy=email.policy.SMTP)
    for part in message.walk():
        if part.get_content_maintype() == "text":
            part.set_content(part.get_content(), subtype=part.get_content_subtype(),
                             charset="utf-8", cte="quoted-printable")
    return message.as_bytes()


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def html_of(raw):
    """The HTML of a message, as a mail program would show it."""
    body = parse(raw).get_body(preferencelist=("html", "plain"))
    return body.get_content()


def headline(name):
    """Who it claims to be from, and its subject."""
    message = parse((FOLDER / f"{name}.eml").read_bytes())
    return str(message["From"]), str(message["Subject"])
