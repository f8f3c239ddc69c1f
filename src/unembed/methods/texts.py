"""A few paragraphs of plain English, written for this project: text on which heads are measured.

Names, words and numbers come back within a paragraph, as they do in any text, so that heads which copy or suppress what
stood before have something to do. The paragraphs have nothing to do with each other.
"""

PARAGRAPHS = (
    "The bakery on Mill Street opens at six, and by seven the queue reaches the corner. Mrs. Alder has baked there "
    "for thirty years. She says that bread is patience: flour, water, salt, and patience. On Mondays the bakery is "
    "closed, and on Mondays people from Mill Street walk across the river to the other bakery, where the bread is "
    "cheaper, but it is not the same bread.",
    "A glacier is a river of ice. Snow falls on the upper slopes, year after year, and the weight of new snow "
    "presses the old snow into ice. The ice flows downhill, slowly, a few centimetres a day, carrying stones with "
    "it. Where the valley is warm, the ice melts, and the stones are left behind in long ridges. From such ridges "
    "we know how far the glacier once reached.",
    "Tom borrowed the ladder from Jane on Tuesday and promised to return the ladder on Friday. On Friday it rained. "
    "On Saturday Jane asked for her ladder, and Tom said that he would bring it on Sunday. On Sunday Jane saw the "
    "ladder leaning against the wall of a third neighbour, who had borrowed it from Tom.",
    "To tune a guitar, begin with the lowest string. Press it at the fifth fret and pluck it: the next string "
    "should sound the same. If the next string sounds lower, tighten it; if it sounds higher, loosen it. Go on in "
    "this way from string to string, but remember that between the third string and the second string the fourth "
    "fret is used.",
    "The council met for the fourth time this year to discuss the bridge. The engineer reported that the bridge "
    "needs new bearings and a new deck, at a cost of two million. The mayor asked whether one million would do. The "
    "engineer said that for one million the council could have half a bridge. The vote was moved to the next "
    "meeting, and so was the bridge.",
    "Bees tell each other where the flowers are by dancing. A bee that has found nectar returns to the hive and "
    "runs in a straight line, shaking its body, then circles back and runs again. The direction of the run shows "
    "the direction of the flowers, measured from the sun; the length of the run shows how far the flowers are. The "
    "other bees follow the dance in the dark, by touch.",
    "In 1911 the museum bought a small clock at an auction in Vienna. For eighty years the clock stood in a "
    "cupboard. In 1991 a student opened the clock to clean it and found a letter behind the dial. The letter was "
    "dated 1793, and it named the maker of the clock, a woman in Vienna who was not known to have made clocks at "
    "all.",
    "My grandmother kept a notebook of the weather. Every morning she wrote down the temperature, the wind and one "
    "word for the sky: clear, grey, torn, heavy. When she died, the notebook had twenty volumes. My brother wanted "
    "to throw the volumes away, but I kept them. Last winter a scientist wrote to me and asked whether she could "
    "read the notebook of the weather.",
)
