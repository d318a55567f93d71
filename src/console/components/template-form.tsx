/** The parts of a template that people change most; everything else is in the code beside it. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { queries, rows } from '../api/queries.ts'
import type { Draft } from '../screens/starter.ts'
import { Field } from './ui.tsx'

const record = (value: unknown): Draft =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Draft) : {}
const list = (value: unknown): readonly Draft[] => (Array.isArray(value) ? value.map(record) : [])
/** A text for all, or the default of a text per locale. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : String(record(value)['default'] ?? ''))
const withText = (before: unknown, text: string): unknown =>
  typeof before === 'object' && before !== null ? { ...before, default: text } : text

export function TemplateForm({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  const formats = rows(useInfiniteQuery(queries.formats()).data)
  const clip = record(draft['clip'])
  const overlays = list(draft['overlays'])
  const endCard = record(draft['end_card'])
  const chosen = Array.isArray(draft['formats']) ? (draft['formats'] as string[]) : []
  const set = (changes: Draft) => onChange({ ...draft, ...changes })
  return (
    <section className="panel stack gap" aria-labelledby="form-title">
      <h2 id="form-title">Template</h2>
      <Field name="Name">
        {(id) => <input id={id} value={String(draft['name'] ?? '')} onChange={(event) => set({ name: event.target.value })} />}
      </Field>
      <Field name="Prompt of the clip" hint="Variables in {{ }}. Personal ones are refused here: they never reach a model.">
        {(id) => (
          <textarea
            id={id}
            rows={3}
            value={String(clip['prompt'] ?? '')}
            onChange={(event) => set({ clip: { ...clip, prompt: event.target.value } })}
          />
        )}
      </Field>
      <Field name="Seconds">
        {(id) => (
          <input
            id={id}
            type="number"
            min="1"
            max="60"
            value={Number(clip['seconds'] ?? 4)}
            onChange={(event) => set({ clip: { ...clip, seconds: Number(event.target.value) } })}
          />
        )}
      </Field>
      {overlays.map(
        (overlay, index) =>
          overlay['kind'] !== 'image' && (
            <Field key={index} name={overlay['kind'] === 'button' ? 'Button' : `Text ${index + 1}`}>
              {(id) => (
                <textarea
                  id={id}
                  rows={2}
                  dir="auto"
                  value={textOf(overlay['text'])}
                  onChange={(event) =>
                    set({
                      overlays: overlays.map((one, at) =>
                        at === index ? { ...one, text: withText(one['text'], event.target.value) } : one,
                      ),
                    })
                  }
                />
              )}
            </Field>
          ),
      )}
      {draft['end_card'] ? (
        <Field name="End card">
          {(id) => (
            <input
              id={id}
              dir="auto"
              value={textOf(endCard['text'])}
              onChange={(event) => set({ end_card: { ...endCard, text: withText(endCard['text'], event.target.value) } })}
            />
          )}
        </Field>
      ) : null}
      <details>
        <summary>Formats: {chosen.length} chosen</summary>
        <div className="stack" style={{ gap: 0, marginTop: '.5rem' }}>
          {formats.map((format) => (
            <label key={format.id} className="check">
              <input
                type="checkbox"
                checked={chosen.includes(format.id)}
                onChange={() =>
                  set({
                    formats: chosen.includes(format.id) ? chosen.filter((one) => one !== format.id) : [...chosen, format.id],
                  })
                }
              />
              <span>
                {format.id}{' '}
                <span className="soft small">
                  {format.width} × {format.height}
                </span>
              </span>
            </label>
          ))}
        </div>
      </details>
    </section>
  )
}
