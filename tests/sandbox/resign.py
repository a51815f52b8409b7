#!/usr/bin/env python3
"""Signs requests of dynamodb.py's log once more, with botocore, and compares.

usage: resign.py SECRET REGION <LOG

Prints, for each request, the headers that its signature covers. Ends with 1 when a signature is not botocore's.
"""

import json
import re
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

secret, region = sys.argv[1:]
wrong = 0
for entry in json.load(sys.stdin):
    headers = {name.lower(): value for name, value in entry["headers"]}
    signed = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/dynamodb/aws4_request, ?"
        r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    names = signed[4].split(";")
    request = AWSRequest("POST", f"http://{headers['host']}/", data=entry["body"].encode(),
                         headers={name: headers[name] for name in names if name != "host"})
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(signed[1], secret), "dynamodb", region)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    if signature != signed[5] or signed[2] != headers["x-amz-date"][:8] or signed[3] != region:
        wrong = 1
        print(f"{entry['action']}: not botocore's signature of\n{canonical}", file=sys.stderr)
    print(" ".join(names))
sys.exit(wrong)
