/** What errors of this module are called; one that is not here does not compile. */
export type DaemonLocalErrorCode =
  | 'daemon.ended'
  | 'daemon.slow'
  | 'flag.number'
  | 'input.empty'
  | 'input.questions'
  | 'input.read'
  | 'interrupted'
  | 'loop.accounting'
  | 'loop.answer'
  | 'loop.audit'
  | 'loop.claim'
  | 'loop.contribution'
  | 'loop.job'
  | 'loop.nothing-accepted'
  | 'loop.peers'
  | 'loop.scoring'
  | 'loop.stage'
  | 'loop.timeout'
  | 'network.chain'
  | 'network.damaged'
  | 'network.disk'
  | 'network.empty'
  | 'network.exists'
  | 'network.folder'
  | 'network.member'
  | 'network.fresh'
  | 'network.none'
  | 'network.other'
  | 'network.port'
  | 'network.running'
  | 'network.version'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/local': DaemonLocalErrorCode
  }
}
