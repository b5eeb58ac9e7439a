"""Read a message with Python's e-mail package: what a reader who is not us sees in it."""
import email
import email.policy
import json
import sys

message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
body = message.get_body(("plain",))
json.dump(
    {
        "from": str(message["From"]),
        "to": str(message["To"]),
        "subject": str(message["Subject"]),
        "date": str(message["Date"]),
        "id": str(message["Message-ID"]),
        "text": body.get_content().replace("\r\n", "\n"),
        "files": [[p.get_filename(), p.get_content_type(), p.get_content().hex()] for p in message.iter_attachments()],
        "defects": [str(d) for p in message.walk() for d in p.defects],
    },
    sys.stdout,
    ensure_ascii=True,
)
