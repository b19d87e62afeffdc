import { z } from 'zod'

// Where a worker says that it is. It is an owner's word in a signed offer, and nothing shows whether it is so: it is
// for those who would rather be near, not for those who must not be elsewhere.

/** Coarse regions and the countries in each, by ISO 3166-1 alpha-2. */
const countriesOf = {
  africa:
    'AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA ' +
    'NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW',
  asia:
    'AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH ' +
    'PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE',
  europe:
    'AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK ' +
    'MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK',
  'north-america':
    'AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC ' +
    'TT US VC VG VI',
  oceania: 'AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS',
  'south-america': 'AR BO BR CL CO EC FK GF GY PE PY SR UY VE'
} as const

/** The coarse ones. */
export const regions: readonly string[] = Object.keys(countriesOf)

const coarse = new Map<string, string>(
  Object.entries(countriesOf).flatMap(([region, countries]) => countries.split(' ').map(one => [one, region]))
)
const isRegion = (text: string): boolean => Object.hasOwn(countriesOf, text) || coarse.has(text)

/** A country by its two letters, or a coarse region by its name. */
export const regionText = z
  .string()
  .max(20)
  .refine(isRegion, `must be a country such as DE, or one of ${regions.join(', ')}`)

/** What an offer may say of it; empty where its owner says nothing. */
export const isClaimedRegion = (text: string): boolean => text === '' || isRegion(text)

/** Whether a claim lies in what is wished for; a country lies in its coarse region, and no claim lies nowhere. */
export const liesIn = (claimed: string, wished: string): boolean =>
  claimed !== '' && (claimed === wished || coarse.get(claimed) === wished)
