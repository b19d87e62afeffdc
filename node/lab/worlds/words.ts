// Plain words that the shipped base knows as words. Which goes with which is drawn from a world's seed, so nothing that
// the base learnt answers a question.

const list = (text: string): readonly string[] => text.split(' ')

/** Who or what is asked about. */
export const subjects = list(
  'otter heron badger falcon lynx salmon raven beetle walrus viper oak willow cedar maple thistle clover garnet ' +
    'marble harbor mill tower bridge garden castle valley river island forest meadow canyon lantern anchor compass ' +
    'hammer saddle violin trumpet candle mirror basket wagon barrel ladder chimney orchard pepper walnut lemon ' +
    'turtle pigeon spider donkey rabbit monkey tiger eagle dolphin lizard sparrow hornet cricket oyster lobster ' +
    'turnip carrot cabbage cherry almond ginger mustard lavender rosemary juniper poplar birch hazel ivy fern moss ' +
    'granite copper nickel cobalt quartz ruby pearl coral velvet ribbon feather button needle pillow blanket'
)

/** What is sold, worn or kept: answers of one or two tokens. */
export const goods = list(
  'bread silk iron honey salt wool coal glass paper wine gold rope milk corn stone fish oil wax tea ink leather ' +
    'silver rice sugar cotton butter brick linen cheese timber'
)
export const places = list('hill coast lake desert cave swamp plain bay cliff creek field marsh')

/** Words of feeling, in no class by themselves: a world draws which is praise, which complaint, which doubt. */
export const feelings = list(
  'brindle tardy lofty gaudy murky nimble rusty sturdy dusty hasty jolly mellow frosty clumsy dainty gloomy rowdy ' +
    'shady breezy cranky flimsy grainy hearty moody plucky quirky rugged sleepy spicy tricky wobbly zesty'
)
export const labels = ['praise', 'complaint', 'doubt'] as const
