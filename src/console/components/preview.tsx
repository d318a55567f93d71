/** What a template looks like, per format, a moment after it was changed. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { call } from '../api/client.ts'
import type { Preview } from '../api/types.ts'
import { type Draft, sampleOf } from '../screens/starter.ts'
import { Loading, Note, Problem } from './ui.tsx'

export function LivePreview({ draft }: { draft: Draft }) {
  const [settled, setSettled] = useState(draft)
  const [guides, setGuides] = useState(true)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), 500)
    return () => clearTimeout(timer)
  }, [draft])
  const query = useQuery({
    queryKey: ['preview', settled, guides],
    queryFn: ({ signal }) =>
      call<Preview>('/v1/previews', {
        method: 'POST',
        body: { template: settled, attributes: sampleOf(settled), guides },
        signal,
      }),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
  })
  return (
    <section className="panel stack" aria-labelledby="preview">
      <div className="row between">
        <h2 id="preview">Preview</h2>
        <label className="check">
          <input type="checkbox" checked={guides} onChange={(event) => setGuides(event.target.checked)} /> Safe zones
        </label>
      </div>
      {query.isPending && <Loading height={300} />}
      {query.isError && <Problem error={query.error} />}
      {query.data && (
        <>
          <div className="previews">
            {query.data.stills.map((still) => (
              <figure key={still.format}>
                <img
                  src={still.image}
                  alt={`Preview of ${still.format}`}
                  style={{ aspectRatio: `${still.width} / ${still.height}` }}
                />
                <figcaption>{still.format}</figcaption>
              </figure>
            ))}
          </div>
          {query.data.stills.flatMap((still) =>
            still.findings.map((finding) => (
              <Note key={still.format + finding.code} tone="warn">
                {still.format}: {finding.message}
              </Note>
            )),
          )}
          <p className="small soft" dir="auto">
            Prompt: {[...new Set(query.data.prompts)].join(' ')}
          </p>
        </>
      )}
    </section>
  )
}
