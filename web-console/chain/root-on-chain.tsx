import type { ReactNode } from 'react'
import { places } from '../app/places.ts'
import { Button, Failure, Go, Id, Mark } from '../parts/index.ts'
import { useWallets } from '../wallets/index.ts'
import type { RootClaim } from './claim.ts'
import { useRootOnChain } from './use-root.ts'
import type { RootWord } from './use-root.ts'
import { askWallet } from './use-witness.ts'
import { nameOf } from './witness.ts'
import './root-on-chain.css'

interface RootOnChainProps {
  readonly word: RootWord
  /** What the root is of. */
  readonly children: ReactNode
}

/** Whether the root is on chain, by whose word, and how to ask somebody else than the daemon. */
export function RootOnChain({ word, children }: RootOnChainProps) {
  return (
    <div className="root-word" data-word={word.state}>
      <div className="root-says">
        {word.state === 'same' ? <Mark holds /> : word.state === 'other' ? <Mark holds={false} /> : null}
        <span>
          <Says word={word}>{children}</Says>
        </span>
      </div>
      {word.state === 'failed' ? <Failure error={word.error} again={word.again} /> : null}
      {word.state === 'unasked' ? <Witnesses /> : null}
    </div>
  )
}

/** The same of a root that no way led to. */
export function RootStands({ claim, children }: { readonly claim: RootClaim; readonly children: ReactNode }) {
  return <RootOnChain word={useRootOnChain(claim)}>{children}</RootOnChain>
}

function Says({ word, children }: RootOnChainProps) {
  switch (word.state) {
    case 'unasked':
      return <>The chain holds this root for {children}, by this node’s word alone.</>
    case 'asking':
      return (
        <>
          This browser asks {nameOf(word.witness)} whether the chain holds this root for {children}.
        </>
      )
    case 'same':
      return (
        <>
          The chain holds this root for {children}: this browser asked {nameOf(word.witness)} itself, at contract{' '}
          <Id id={word.at} to={places.account(word.at)} />.
        </>
      )
    case 'other':
      return (
        <>
          The chain holds another root for {children}: {nameOf(word.witness)} says{' '}
          <span className="mono">{word.found.root}</span>, at contract <Id id={word.at} to={places.account(word.at)} />.
          What this node shows is not what stands there.
        </>
      )
    case 'failed':
      return <>The chain holds this root for {children}, by this node’s word alone.</>
  }
}

/** Whoever could be asked in the daemon's place. */
function Witnesses() {
  const wallets = useWallets()
  return (
    <div className="root-ask">
      {wallets.map(wallet => (
        <Button key={wallet.id} look="quiet" onPress={() => askWallet(wallet)}>
          Ask {wallet.name}
        </Button>
      ))}
      <span>
        {wallets.length === 0 ? 'To ask the chain yourself, open a wallet in this browser, or name' : 'Or name'} an RPC
        that you trust in <Go to={places.settings}>the settings</Go>.
      </span>
    </div>
  )
}
