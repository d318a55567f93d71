/** A key, kept for this tab. It is tried before the page changes. */
import { useEffect, useState } from 'react'
import { call } from '../api/client.ts'
import { signIn, wasExpired } from '../api/session.ts'
import type { Session } from '../api/types.ts'
import { Mark } from '../components/shell.tsx'
import { Field, Note, Problem } from '../components/ui.tsx'

export function SignIn({ onOut }: { onOut: () => void }) {
  const [key, setKey] = useState('')
  const [person, setPerson] = useState('')
  const [state, setState] = useState<{ readonly busy: boolean; readonly error?: unknown }>({ busy: false })
  useEffect(onOut, [onOut])

  async function submit() {
    setState({ busy: true })
    try {
      await call<Session>('/v1/session', { key: key.trim() })
      signIn({ key: key.trim(), person: person.trim() })
    } catch (error) {
      setState({ busy: false, error })
    }
  }

  return (
    <main className="sign-in">
      <form
        className="panel stack gap"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <div className="stack">
          <span className="brand" style={{ padding: 0 }}>
            <Mark /> Spotsmith
          </span>
          <h1>Sign in</h1>
          <p className="soft">With an API key of your workspace. It is kept for this tab only.</p>
        </div>
        {wasExpired() && !state.error && (
          <Note tone="warn" role="alert">
            Your key no longer works: it was revoked or has been replaced. Sign in with another one.
          </Note>
        )}
        {state.error !== undefined && <Problem error={state.error} />}
        <Field name="API key" hint="Starts with spk_. The first one was shown when the service started.">
          {(id) => (
            <input
              id={id}
              type="password"
              autoComplete="off"
              required
              autoFocus
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <Field name="Your name (optional)" hint="Written beside your review decisions.">
          {(id) => (
            <input
              id={id}
              autoComplete="name"
              maxLength={200}
              value={person}
              onChange={(event) => setPerson(event.target.value)}
            />
          )}
        </Field>
        <button type="submit" className="button primary" disabled={state.busy || !key.trim()}>
          {state.busy ? 'Checking the key…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}
