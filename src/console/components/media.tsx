/** Posters that play while one points at them, and players. */
import { Clapperboard } from 'lucide-react'
import { useState } from 'react'
import { useFile } from '../api/files.ts'
import type { Rendition, Variant } from '../api/types.ts'

/** Links of files that nobody approved yet answer only to the key; as long as the policy is not known, they are taken for such. */
export const isLocked = (variant: Pick<Variant, 'status'>, review: string | undefined): boolean =>
  review !== 'none' && review !== 'clips' && variant.status !== 'ready'

export function Poster({ rendition, locked, name }: { rendition: Rendition | undefined; locked: boolean; name: string }) {
  const [over, setOver] = useState(false)
  const poster = useFile(rendition?.poster_url, locked)
  const video = useFile(over ? (rendition?.preview_url ?? rendition?.url) : null, locked)
  return (
    <div className="frame" onPointerEnter={() => setOver(true)} onPointerLeave={() => setOver(false)}>
      {poster ? <img src={poster} alt={name} loading="lazy" /> : <Clapperboard aria-label={name} role="img" />}
      {over && video && <video src={video} autoPlay muted loop playsInline aria-hidden />}
    </div>
  )
}

export function Player({ rendition, locked, name }: { rendition: Rendition; locked: boolean; name: string }) {
  const url = useFile(rendition.url, locked)
  const poster = useFile(rendition.poster_url, locked)
  return (
    <div className="player">
      {url ? (
        <video src={url} poster={poster} controls playsInline preload="metadata" aria-label={name} />
      ) : (
        <span>{rendition.status === 'ready' ? 'Loading the video…' : 'Not made yet'}</span>
      )}
    </div>
  )
}
