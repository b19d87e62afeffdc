import type { ReactNode } from 'react'
import Markdown from 'react-markdown'
import type { Components } from 'react-markdown'

/** Only these leave the page; whatever else a model writes as a link's target stays text. */
function outside(href: string | undefined): URL | undefined {
  if (href === undefined || !/^https?:\/\//iu.test(href)) return undefined
  return URL.canParse(href) ? new URL(href) : undefined
}

/** A link says where it leads: a model can write one thing and link to another. */
function Link({ href, children }: { readonly href?: string | undefined; readonly children?: ReactNode }) {
  const url = outside(href)
  if (url === undefined)
    return (
      <span>
        {children} <code>{href}</code>
      </span>
    )
  return (
    <a href={url.href} target="_blank" rel="noopener noreferrer nofollow" title={url.href}>
      {children} <span className="answer-target">({url.host})</span>
    </a>
  )
}

/** Nothing is loaded from elsewhere: a picture's address would tell whoever serves it that somebody reads this. */
function Picture({ src, alt }: { readonly src?: string | Blob | undefined; readonly alt?: string | undefined }) {
  return (
    <span className="answer-picture">
      A picture that is not loaded: {alt === undefined || alt === '' ? 'without a name' : alt}{' '}
      <code>{typeof src === 'string' ? src : ''}</code>
    </span>
  )
}

const Heading = ({ children }: { readonly children?: ReactNode }) => <p className="answer-heading">{children}</p>

const components: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  img: ({ src, alt }) => <Picture src={src} alt={alt} />,
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading
}

/** What a model has written, as Markdown. Markup within it stays text; nothing of it runs or is loaded. */
export function MarkdownText({ text }: { readonly text: string }) {
  // A target that is none of ours is shown as it was written; where a link leads is decided in `Link` alone.
  return (
    <Markdown components={components} urlTransform={url => url}>
      {text}
    </Markdown>
  )
}
