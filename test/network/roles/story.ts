import type { Play } from './play.ts'
import { builder } from './people/builder.ts'
import { client } from './people/client.ts'
import { contributor } from './people/contributor.ts'
import { host } from './people/host.ts'
import { settler } from './people/settler.ts'
import { validator } from './people/validator.ts'
import { worker } from './people/worker.ts'
import type { Walk } from './walk.ts'

export const walks: readonly Walk[] = [contributor, host, validator, builder, worker, client, settler]

/** Whose part comes when: seven people on one network, from nothing until everybody is paid. */
export async function tell(play: Play): Promise<void> {
  const section = (walk: Walk, title: string): Promise<void> => play.section(walk, title)
  await section(host, 'A network to host on')
  await section(host, 'Your node')
  await section(validator, 'Your node')
  await section(host, 'The Datanet')
  await section(validator, 'Votes by themselves')
  await section(contributor, 'Your node')
  await section(contributor, 'Your rows')
  await section(settler, 'Your node')
  // Whoever votes by hand says so before there is something to vote on.
  await section(validator, 'Votes by hand')
  await Promise.all([section(validator, 'The queue'), section(contributor, 'Half a contribution')])
  await section(contributor, 'What became of them')
  await section(host, 'A version')
  await section(worker, 'Your node')
  await section(worker, 'Your machine stays yours')
  await section(builder, 'Your node')
  await section(builder, 'A plan')
  await section(builder, 'A job called off')
  await section(builder, 'The job')
  await section(builder, 'Its base')
  await section(worker, 'Work')
  await section(builder, 'Beside its base')
  await section(client, 'Your node')
  await section(client, 'Questions')
  await section(client, 'What it cost')
  await section(worker, 'Pay')
  await section(settler, 'An epoch')
  await section(contributor, 'What they are worth')
  await section(builder, 'Income')
}
