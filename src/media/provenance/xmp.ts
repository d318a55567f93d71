/**
 * IPTC's DigitalSourceType in XMP, for readers that know no C2PA. Written before signing, so that the signature covers it:
 * in an MP4 as a `uuid` box at its end (no offset moves), in a JPEG as an APP1 segment at its beginning.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { generator } from './generator.ts'

export interface XmpFacts {
  readonly digitalSourceType: string
  /** "provider/model" of each clip. */
  readonly models: readonly string[]
}

const escape = (text: string): string => text.replaceAll(/[<>&"']/g, (character) => `&#${character.codePointAt(0)};`)

export function xmpPacket({ digitalSourceType, models }: XmpFacts): string {
  const systems = [...new Set(models)].map(escape).join(', ')
  return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
   xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
   xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   xmp:CreatorTool="${generator.name} ${generator.version}"
   Iptc4xmpExt:DigitalSourceType="${escape(digitalSourceType)}"
   Iptc4xmpExt:AISystemUsed="${systems}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`
}

/** XMP specification part 3, "MPEG-4". */
const xmpUuid = Buffer.from('be7acfcb97a942e89c71999491e3afac', 'hex')
const jpegNamespace = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1')

function uuidBox(packet: string): Buffer {
  const body = Buffer.from(packet)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + xmpUuid.length + body.length)
  head.write('uuid', 4, 'latin1')
  return Buffer.concat([head, xmpUuid, body])
}

function withSegment(jpeg: Buffer, packet: string): Buffer {
  if (jpeg.readUInt16BE(0) !== 0xffd8) throw new Error('The poster is no JPEG.')
  const body = Buffer.concat([jpegNamespace, Buffer.from(packet)])
  const head = Buffer.of(0xff, 0xe1, 0, 0)
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)])
}

/** Once per file; the file is still a temporary one. */
export async function writeXmp(path: string, format: string, facts: XmpFacts): Promise<void> {
  const packet = xmpPacket(facts)
  if (format === 'video/mp4') await appendFile(path, uuidBox(packet))
  else await writeFile(path, withSegment(await readFile(path), packet))
}
