import type { Node } from '../../../node/node.ts'
import { archiveOf } from '../../backup/index.ts'
import type { Kept } from '../../backup/index.ts'
import type { Handlers } from '../server/index.ts'

/** Of what the daemon keeps beside its node. */
export type KeptBeside = Pick<Kept, 'directory' | 'key' | 'settings'>

export const backupHandlers = (
  node: Pick<Node, 'backup' | 'self'>,
  kept: KeptBeside,
  version: string
): Pick<Handlers, 'backup'> => ({
  async backup({ params }) {
    const whole = params.whole === 'true'
    return {
      name: `tilth-${node.self}.tar`,
      type: 'application/x-tar',
      bytes: archiveOf({ ...kept, address: node.self, version }, node.backup({ whole }), { whole })
    }
  }
})
