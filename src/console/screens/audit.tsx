/** Who did what. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { time } from '../api/format.ts'
import { queries, rows } from '../api/queries.ts'
import { Loading, More, Problem, Top } from '../components/ui.tsx'

export function Audit() {
  const query = useInfiniteQuery(queries.audit())
  return (
    <>
      <Top title="Audit log" />
      {query.isPending && <Loading height={300} />}
      {query.isError && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <div className="panel flush">
          <div className="table" tabIndex={0} role="group" aria-label="Audit log">
            <table>
              <thead>
                <tr>
                  <th>When</th>
                  <th>What</th>
                  <th>To</th>
                  <th>By</th>
                  <th>Details</th>
                </tr>
              </thead>
              <tbody>
                {rows(query.data).map((entry) => (
                  <tr key={entry.id}>
                    <td style={{ whiteSpace: 'nowrap' }}>{time(entry.created_at)}</td>
                    <td>
                      <b>{entry.action}</b>
                    </td>
                    <td className="mono">{entry.subject}</td>
                    <td className="mono">{entry.actor}</td>
                    <td className="small soft" style={{ maxWidth: '26rem', overflowWrap: 'anywhere' }}>
                      {Object.entries(entry.details)
                        .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
                        .join(' · ')}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More query={query} />
        </div>
      )}
    </>
  )
}
