import { useState } from "react";
import { beginSession } from "./session.js";
import { useGuardedSocket } from "./use-guarded-socket.js";

const SERVER = `${location.origin.replace(/^http/, "ws")}/ws`;
const STATES = {
  connecting: "connecting",
  open: "open",
  waiting: "closed, and comes back",
  "sign-in": "signed out",
  denied: "refused for good",
};
const ADVICE = { "after-auth": "Sign in, and try again.", later: "Try again later." };

export function App() {
  const [person, setPerson] = useState("guest");
  const [session, setSession] = useState(() => beginSession("guest"));
  const { status, request } = useGuardedSocket(SERVER, session);
  const [answer, setAnswer] = useState();
  const [denial, setDenial] = useState();
  const isOpen = status.state === "open";

  function signIn(name) {
    setPerson(name);
    setSession(beginSession(name));
  }

  async function ask(action, payload) {
    setAnswer(undefined);
    setDenial(undefined);
    try {
      setAnswer(JSON.stringify(await request(action, payload)));
    } catch (refusal) {
      setDenial(refusal);
    }
  }

  return (
    <main>
      <h1>Denials in React</h1>
      <label>
        I am{" "}
        <select value={person} onChange={({ target }) => signIn(target.value)}>
          {["guest", "bob", "ann", "mallory"].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p>
        <output aria-label="Connection">
          {STATES[status.state]}
          {status.code && ` (${status.code})`}
        </output>{" "}
        {status.state === "sign-in" && (
          <button type="button" onClick={() => signIn(person)}>
            Sign in again
          </button>
        )}
      </p>
      <button type="button" disabled={!isOpen} onClick={() => ask("note.list")}>
        List notes
      </button>{" "}
      <button type="button" disabled={!isOpen} onClick={() => ask("note.clear")}>
        Clear notes
      </button>{" "}
      <button type="button" disabled={!isOpen} onClick={session.signOut}>
        Sign out
      </button>
      {answer !== undefined && <output aria-label="Answer">{answer}</output>}
      {denial !== undefined && (
        <p role="alert">
          {denial.reason} {ADVICE[denial.retry] ?? `(${denial.code})`}
        </p>
      )}
    </main>
  );
}
