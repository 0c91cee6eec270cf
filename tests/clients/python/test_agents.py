"""Unmodified Claude Code and Codex CLI from npm against the router, each at a task with tools, on
models that do not speak its dialect: each test's name is its claim."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import journal
import mock

ROUTER = os.environ["OPENAI_BASE_URL"].removesuffix("/v1")
PROGRAM = os.environ["ROUTER_BIN"]
BIN = pathlib.Path(os.environ["NPM_BIN"])
CHAT, RESPONSES, MESSAGES = "/chat/completions", "/responses", "/v1/messages"


class Agent(unittest.TestCase):
    def setUp(self):
        mock.reset()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name) / "home"
        self.work = pathlib.Path(folder.name) / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.word = f"platypus-{os.urandom(4).hex()}"
        self.secret = self.work / "secret.txt"
        self.secret.write_text(self.word + "\n", encoding="utf-8")

    def run_agent(self, *arguments, **environment):
        """What it printed. It is given nothing of this machine's but the programs."""
        result = subprocess.run(
            arguments,
            cwd=self.work,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(result.returncode, 0, result.stdout[-2000:] + result.stderr[-2000:])
        return result.stdout

    def assert_all_asked(self, path, *calls):
        """Every turn reached the upstream in that dialect; the last one told the tools' results."""
        requests = mock.works()
        self.assertEqual({request.path for request in requests}, {path})
        self.assertGreaterEqual(len(requests), 2)
        self.assertIn(self.word, requests[-1].text)
        self.assertNotIn(self.word, requests[0].text)
        for call in calls:
            self.assertIn(call, requests[-1].text)


class ClaudeCode(Agent):
    TOLD = {"ANTHROPIC_BASE_URL": ROUTER, "ANTHROPIC_AUTH_TOKEN": "unused"}

    def ask(self, model, prompt, *before, told=TOLD):
        printed = self.run_agent(
            *(*before, BIN / "claude", "-p", prompt, "--output-format", "json"),
            *("--model", model, "--dangerously-skip-permissions"),
            CLAUDE_CONFIG_DIR=str(self.home / "claude"),
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            DISABLE_AUTOUPDATER="1",
            IS_SANDBOX="1",  # else it refuses to skip permissions as root
            **told,
        )
        result = json.loads(printed)
        self.assertFalse(result["is_error"], printed)
        return result["result"]

    def prompt(self):
        arguments = json.dumps({"command": f"cat {self.secret}", "description": "Read it"})
        return f"call Bash with {arguments}"

    def test_a_shell_command_is_run_and_its_output_told_on_a_model_of_chat_alone(self):
        said = self.ask("gemini-3.1-pro", self.prompt())
        self.assertIn(f"the tool said: {self.word}", said)
        self.assert_all_asked(CHAT)

    def test_a_shell_command_is_run_and_its_output_told_on_a_model_of_z_ai(self):
        said = self.ask("glm-5.2", self.prompt())
        self.assertIn(f"the tool said: {self.word}", said)
        self.assert_all_asked(CHAT)

    def test_two_files_are_read_at_once_on_a_model_of_responses_alone(self):
        other = self.work / "other.txt"
        other.write_text("echidna\n", encoding="utf-8")
        reads = [json.dumps({"file_path": str(path)}) for path in (other, self.secret)]
        said = self.ask("gpt-5.3-codex", " and ".join(f"call Read with {read}" for read in reads))
        # The simulated model tells the last of the results, and they come as the reads end.
        self.assertRegex(said, f"the tool said: .*({self.word}|echidna)")
        self.assert_all_asked(RESPONSES, "echidna")


    def test_run_starts_it_with_nothing_but_the_models_name(self):
        run = (PROGRAM, "run", "--url", ROUTER, "--")
        said = self.ask("gemini-3.1-pro", self.prompt(), *run, told={})
        self.assertIn(f"the tool said: {self.word}", said)
        self.assert_all_asked(CHAT)


class Codex(Agent):
    PROVIDER = {"name": "tokn-router", "base_url": f"{ROUTER}/v1", "wire_api": "responses"}
    FIELDS = ", ".join(f"{name} = {json.dumps(value)}" for name, value in PROVIDER.items())
    OWN = (f"model_providers.tokn = {{ {FIELDS} }}", 'model_provider = "tokn"')
    # Asks over a WebSocket.
    BUILT_IN = (f'openai_base_url = "{ROUTER}/v1"',)

    def setUp(self):
        super().setUp()
        self.codex_home = self.home / "codex"
        self.codex_home.mkdir()

    def ask(self, model, prompt, settings=OWN):
        settings = (*settings, f'model = "{model}"', "analytics.enabled = false")
        printed = self.run_agent(
            *(BIN / "codex", "exec", "--json", "--skip-git-repo-check"),
            "--dangerously-bypass-approvals-and-sandbox",
            *(word for setting in settings for word in ("-c", setting)),
            prompt,
            CODEX_HOME=str(self.codex_home),
            CODEX_API_KEY="unused",
        )
        return [json.loads(line) for line in printed.splitlines()]

    def assert_said(self, events):
        items = [event["item"] for event in events if event["type"] == "item.completed"]
        commands = [item for item in items if item["type"] == "command_execution"]
        self.assertEqual([command["aggregated_output"].strip() for command in commands], [self.word])
        said = [item["text"] for item in items if item["type"] == "agent_message"]
        self.assertIn("the tool said: ", said[-1])
        self.assertIn(self.word, said[-1])
        self.assertEqual(events[-1]["type"], "turn.completed")
        self.assertGreater(events[-1]["usage"]["output_tokens"], 0)

    def prompt(self):
        return f"call exec_command with {json.dumps({'cmd': f'cat {self.secret}'})}"

    def test_a_shell_command_is_run_and_its_output_told_on_a_model_of_chat_alone(self):
        self.assert_said(self.ask("gemini-3.1-pro", self.prompt()))
        self.assert_all_asked(CHAT)

    def test_a_shell_command_is_run_and_its_output_told_on_a_claude(self):
        self.assert_said(self.ask("claude-opus-4.7", self.prompt()))
        self.assert_all_asked(MESSAGES)

    def test_its_built_in_provider_which_first_asks_for_a_web_socket_does_the_same(self):
        self.assert_said(self.ask("gemini-3.1-pro", self.prompt(), self.BUILT_IN))
        self.assert_all_asked(CHAT)

    def test_what_setup_writes_is_all_that_it_needs(self):
        setup = (PROGRAM, "setup", "codex", "--url", ROUTER, "--write")
        self.run_agent(*setup, CODEX_HOME=str(self.codex_home))
        self.assert_said(self.ask("gemini-3.1-pro", self.prompt(), ()))
        self.assert_all_asked(CHAT)


if __name__ == "__main__":
    journal.prove()
