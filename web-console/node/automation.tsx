import type { AutomationView } from '../../daemon/api/contract/index.ts'
import { Chip, Section, When } from '../parts/index.ts'
import './automation.css'

/** What each of them is, for who reads its name the first time. */
const says: Readonly<Record<string, string>> = {
  anchor: 'Puts accepted data on chain as a new version',
  seat: 'Keeps its seat among validators',
  jury: 'Serves on juries that it is drawn for',
  questions: 'Agrees to sealed held-out questions and opens them',
  bonds: 'Asks back what was locked with contributions',
  register: 'Registers the models of finished jobs',
  serve: 'Offers models',
  redeem: 'Brings what clients promised to the chain',
  settle: 'Adds up epochs',
  watch: 'Checks what others added up',
  finalize: 'Makes epochs final',
  claim: 'Claims what data has earned'
}

/** What the node does by itself: what comes next and when, or why not, and what was done last. */
export function Automation({ steps }: { readonly steps: readonly AutomationView[] }) {
  return (
    <Section
      title="What it does by itself"
      note="Nobody has to press a button for these; each can be switched off in the settings."
    >
      <ul className="automation">
        {steps.map(({ name, on, next, last }) => (
          <li key={name} className="automation-step" data-on={on}>
            <div className="automation-name">
              <b>{says[name] ?? name}</b> <Chip>{on ? name : 'off'}</Chip>
            </div>
            <div>
              {on ? null : <p className="automation-quiet">By hand only.</p>}
              {on && next.length === 0 ? <p className="automation-quiet">Nothing to do.</p> : null}
              {next.slice(0, 3).map(({ about, what, why, at }) => (
                <p key={`${about} ${what}`}>
                  {what}
                  {at === null ? null : (
                    <>
                      {' '}
                      <When at={at} />
                    </>
                  )}
                  <span className="automation-quiet">: {why}</span>
                </p>
              ))}
              {next.length > 3 ? <p className="automation-quiet">And {next.length - 3} more.</p> : null}
              {last === null ? null : (
                <p className="automation-quiet">
                  <When at={last.at} />: {last.what}
                  {last.failed === null ? '' : `, which failed: ${last.failed}`}
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  )
}
