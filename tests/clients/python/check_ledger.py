"""The ledgers of the routers against the journals of their suites: one record for each request.

usage: check_ledger.py RESULT FOLDER...
"""

import json
import pathlib
import sqlite3
import sys
import unittest


class Ledger(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.requests = []
        cls.records = []
        for folder in map(pathlib.Path, FOLDERS):
            journal = json.loads((folder / "journal.json").read_text(encoding="utf-8"))
            cls.requests += journal["requests"]
            ledger = folder / "data" / "tokn-router" / "usage.db"
            database = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
            database.row_factory = sqlite3.Row
            cls.records += database.execute("SELECT * FROM record").fetchall()
            database.close()

    def records_that_ended(self, outcome):
        return [record for record in self.records if record["outcome"] == outcome]

    def test_there_are_exactly_as_many_records_as_requests(self):
        self.assertGreater(len(self.requests), 0)
        self.assertEqual(len(self.records), len(self.requests))

    def test_each_answered_request_is_recorded_under_its_id_as_the_client_saw_it_end(self):
        recorded = {record["request_id"]: record["outcome"] for record in self.records}
        for request in self.requests:
            if request["id"] is not None:
                found = recorded.pop(request["id"], None)
                self.assertEqual(found, request["outcome"], request["id"])
        self.assertEqual(set(recorded.values()), {"cancelled"})

    def test_requests_left_before_their_answer_are_recorded_as_cancelled_with_status_499(self):
        left = sum(request["id"] is None for request in self.requests)
        statuses = [record["status"] for record in self.records_that_ended("cancelled")]
        self.assertGreater(left, 0)
        self.assertEqual(statuses.count(499), left)

    def test_streams_left_in_the_middle_are_recorded_as_cancelled_with_status_200(self):
        left = [request["id"] for request in self.requests if request["outcome"] == "cancelled"]
        found = [
            record["request_id"]
            for record in self.records_that_ended("cancelled")
            if record["status"] == 200 and record["stream"]
        ]
        self.assertGreater(len(found), 0)
        self.assertEqual(sorted(found), sorted(id for id in left if id is not None))

    def test_every_complete_record_tells_tokens_account_and_model(self):
        untold = {request["id"] for request in self.requests if not request["usage"]}
        for record in self.records_that_ended("complete"):
            row = dict(record)
            if row["request_id"] in untold:
                continue
            self.assertGreater(row["input"], 0, row)
            if row["operation"] is None:  # a reply was generated
                self.assertGreater(row["output"], 0, row)
            self.assertEqual(row["status"], 200, row)
            self.assertIn(row["account"], ("octocat", "hubot", "zed"), row)
            self.assertTrue(row["model_served"], row)
            self.assertGreaterEqual(row["attempts"], 1, row)
            if row["provider"] == "github-copilot":
                self.assertIsNotNone(row["nano_credits"], row)

    def test_every_failed_record_has_an_error_code(self):
        for record in self.records_that_ended("failed"):
            self.assertTrue(record["error_code"], dict(record))


if __name__ == "__main__":
    RESULT, *FOLDERS = sys.argv[1:]
    result = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors)
    with open(RESULT, "w", encoding="utf-8") as file:
        json.dump({"passed": max(0, result.testsRun - failed), "failed": failed}, file)
    sys.exit(failed > 0)
