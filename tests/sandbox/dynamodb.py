#!/usr/bin/env python3
"""A DynamoDB table that keeps to the limits and has the moods which moto lacks, and a container's credentials.

It knows the requests of the roster's backend and no others. BatchWriteItem refuses more than 25 items, two of one
key, and none; Query pages; what it is ordered to do, it does once or several times:

  POST /order   {"action": "BatchWriteItem", "times": 2, ...} with one of
                  "status": 400, "body": {...}   answer that (a string is sent as it is)
                  "close": true                  close the connection instead of answering, having done it
                  "unprocessed": 10              leave that many items for another time
                action "*" is any; "Credentials" is the container's endpoint, GET /credentials
  POST /page    5                                so many items a page
  POST /keys    {"AccessKeyId": ...}             what the container's endpoint answers
  GET  /log     [{"action", "headers", "body"}]  what came, orders apart; "headers" as a list of pairs
  GET  /items   {"PARTITION": {"SORT KEY": item}}
  POST /items   the same                         in place of what there is

usage: dynamodb.py PARENT-PID

Prints its URL when it listens on a port of loopback that the kernel chose, and ends with its parent.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from serving import serve


class Refused(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": message}


class Table:
    def __init__(self):
        self.lock = threading.Lock()
        self.partitions, self.orders, self.log, self.page, self.keys = {}, [], [], 1000, {}

    def key_of(self, item):
        return item["roster"]["S"], item["email"]["S"]

    def GetItem(self, request, _):
        roster, email = self.key_of(request["Key"])
        item = self.partitions.get(roster, {}).get(email)
        return {"Item": item} if item else {}

    def UpdateItem(self, request, _):
        """The two updates of the roster's own item, known by their values."""
        roster, email = self.key_of(request["Key"])
        item = self.partitions.setdefault(roster, {}).setdefault(email, dict(request["Key"]))
        values = request["ExpressionAttributeValues"]
        if ":version" in values:
            if int(item.get("version", values[":version"])["N"]) > int(values[":version"]["N"]):
                raise Refused("ConditionalCheckFailedException", "The conditional request failed")
            item["version"] = values[":version"]
        if ":more" in values:
            item.setdefault("headers", {"L": []})["L"] += values[":more"]["L"]
        return {"Attributes": item} if request.get("ReturnValues") == "ALL_NEW" else {}

    def BatchWriteItem(self, request, order):
        (name, writes), = request["RequestItems"].items()
        keys = [self.key_of(w["PutRequest"]["Item"] if "PutRequest" in w else w["DeleteRequest"]["Key"]) for w in writes]
        if not 1 <= len(writes) <= 25:
            raise Refused("ValidationException", f"{len(writes)} items in a batch")
        if len(set(keys)) < len(keys):
            raise Refused("ValidationException", "Provided list of item keys contains duplicates")
        done = max(0, len(writes) - order.get("unprocessed", 0))
        for write, (roster, email) in zip(writes[:done], keys):
            partition = self.partitions.setdefault(roster, {})
            if "PutRequest" in write:
                partition[email] = write["PutRequest"]["Item"]
            else:
                partition.pop(email, None)
        return {"UnprocessedItems": {name: writes[done:]} if writes[done:] else {}}

    def Query(self, request, _):
        roster = request["ExpressionAttributeValues"][":roster"]["S"]
        items = sorted(self.partitions.get(roster, {}).items(), key=lambda pair: pair[0].encode())
        if not request.get("ScanIndexForward", True):
            items.reverse()
        if "ExclusiveStartKey" in request:
            start = self.key_of(request["ExclusiveStartKey"])[1]
            items = items[[email for email, _ in items].index(start) + 1:]
        size = min(self.page, request.get("Limit", self.page))
        answer = {"Items": [item for _, item in items[:size]], "Count": len(items[:size])}
        if len(items) >= size:  # also when the page happens to end where the partition does
            answer["LastEvaluatedKey"] = {"roster": {"S": roster}, "email": {"S": items[size - 1][0]}}
        return answer

    def take_order(self, action):
        for order in self.orders:
            if order["action"] in (action, "*") and order.get("times", 1) > 0:
                order["times"] = order.get("times", 1) - 1
                return order
        return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = (value if isinstance(value, str) else json.dumps(value)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, action, body):
        self.server.table.log.append({"action": action, "headers": list(self.headers.items()), "body": body})

    def do_GET(self):
        table = self.server.table
        with table.lock:
            if self.path == "/log":
                return self.answer(200, table.log)
            if self.path == "/items":
                return self.answer(200, table.partitions)
            self.note("Credentials", "")
            order = table.take_order("Credentials")
            self.answer(order.get("status", 200), order.get("body", table.keys))

    def do_POST(self):
        table = self.server.table
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        with table.lock:
            if self.path != "/":
                return self.control(table, json.loads(body))
            action = self.headers.get("X-Amz-Target", "").partition("DynamoDB_20120810.")[2]
            self.note(action, body)
            order = table.take_order(action)
            if "status" in order:
                return self.answer(order["status"], order["body"])
            try:
                value = getattr(table, action)(json.loads(body), order)
            except Refused as refused:
                return self.answer(400, refused.answer)
            if order.get("close"):
                self.close_connection = True
                return None
            return self.answer(200, value)

    def control(self, table, value):
        if self.path == "/order":
            table.orders.append(value)
        elif self.path == "/page":
            table.page = value
        elif self.path == "/keys":
            table.keys = value
        else:
            table.partitions = value
        self.answer(200, {})


def main():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.table = Table()
        serve(server, int(sys.argv[1]))


if __name__ == "__main__":
    main()
