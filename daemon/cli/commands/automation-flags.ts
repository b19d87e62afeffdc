import type { Command } from 'commander'
import { automationNames } from '../../../node/runtime/automation/types.ts'
import { collect } from '../command.ts'

/** Adds the flags that say what a daemon does by itself. */
export function withAutomation(cmd: Command): Command {
  return cmd
    .option(
      '--manual <step>',
      `what is not done by itself: ${automationNames.join(', ')} or all; repeatable (TILTH_MANUAL, comma-separated)`,
      collect
    )
    .option('--anchor-at <n>', 'host: a version as soon as n accepted contributions wait (TILTH_ANCHOR_AT; default 10)')
    .option(
      '--anchor-after <minutes>',
      'host: a version so long after the first of them at the latest (TILTH_ANCHOR_AFTER; default 60)'
    )
    .option(
      '--serve <which>',
      'worker: trained (what it trained) or auto (and what pays) (TILTH_SERVE; default auto; none: --manual serve)'
    )
    .option('--serve-models <n>', 'worker: models served by itself at most (TILTH_SERVE_MODELS; default 8)')
    .option('--serve-disk <size>', 'worker: disk for them (TILTH_SERVE_DISK; default half of the shelf)')
    .option('--serve-memory <size>', 'worker: memory for them (TILTH_SERVE_MEMORY; default half of what there is)')
    .option(
      '--price-per-second <tokens>',
      'worker: what a second of training costs (TILTH_PRICE_PER_SECOND; default 0.01)'
    )
    .option(
      '--hours <from-to>',
      'worker: hours in which work is taken on, such as 22:00-07:30; repeatable (TILTH_HOURS; default all)',
      collect
    )
    .option('--power <which>', 'worker: mains (not while on battery) or any (TILTH_POWER; default any)')
    .option(
      '--redeem-at <tokens>',
      'worker: a voucher is brought to the chain from this sum on (TILTH_REDEEM_AT; default 1)'
    )
    .option('--settle-every <minutes>', "settler: how often a pool's epoch is closed (TILTH_SETTLE_EVERY; default 60)")
    .option('--claim-at <tokens>', 'what data earned is claimed from this sum on (TILTH_CLAIM_AT; default 1)')
    .option(
      '--claim-for <account>',
      'whose claims this node makes, too, and pays the gas of: an account, or contributors (all of its own ' +
        'Datanets); repeatable (TILTH_CLAIM_FOR)',
      collect
    )
}
