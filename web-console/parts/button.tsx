import type { ReactNode } from 'react'
import { Button as AriaButton, Link as AriaLink } from 'react-aria-components'
import type { ButtonProps as AriaButtonProps } from 'react-aria-components'
import './button.css'

type Look = 'main' | 'plain' | 'quiet' | 'wrong'

interface ButtonProps extends Omit<AriaButtonProps, 'children' | 'className'> {
  readonly look?: Look
  readonly children: ReactNode
}

/** `main` once a page, for what most people came to do; `wrong` for what cannot be taken back. */
export function Button({ look = 'plain', children, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} className={`button button-${look}`}>
      {children}
    </AriaButton>
  )
}

interface GoProps {
  /** From `places`. */
  readonly to: string
  readonly children: ReactNode
  readonly className?: string
  readonly 'aria-label'?: string
  readonly 'aria-current'?: 'page'
}

/** A link to another page of the console. */
export function Go({ to, className, children, ...rest }: GoProps) {
  return (
    <AriaLink href={to} {...rest} className={className ?? 'go'}>
      {children}
    </AriaLink>
  )
}

/** The same, looking like a button. */
export function GoButton({ look = 'plain', ...rest }: Omit<GoProps, 'className'> & { readonly look?: Look }) {
  return <Go {...rest} className={`button button-${look}`} />
}
