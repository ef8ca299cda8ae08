import { useState } from "react";
import { useGuardedSocket } from "./use-guarded-socket.js";

const PEOPLE = { guest: "", bob: "bob-token", ann: "ann-token", mallory: "mallory-token" };

export function App() {
  const [person, setPerson] = useState("guest");
  const { status, request } = useGuardedSocket(`${location.origin.replace(/^http/, "ws")}/ws?token=${PEOPLE[person]}`);
  const [answer, setAnswer] = useState();
  const [denial, setDenial] = useState();

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
        <select value={person} onChange={({ target }) => setPerson(target.value)}>
          {Object.keys(PEOPLE).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p>
        <output aria-label="Connection">{status}</output>
      </p>
      <button type="button" disabled={status !== "open"} onClick={() => ask("note.list")}>
        List notes
      </button>{" "}
      <button type="button" disabled={status !== "open"} onClick={() => ask("note.clear")}>
        Clear notes
      </button>
      {answer !== undefined && <output aria-label="Answer">{answer}</output>}
      {denial !== undefined && (
        <p role="alert">
          {denial.reason} {denial.status === 401 ? "Sign in, and try again." : `(${denial.code})`}
        </p>
      )}
    </main>
  );
}
