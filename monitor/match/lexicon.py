"""List English words that need exceptions in matching; extend the lists when a dump shows the need."""

from __future__ import annotations

# A keyword in capitals that reads like one of these wants the name, not the word: `US` is not "us", `WHO` not "who".
# Nouns that people merely shout (TAX, GAS, CAR) stay out: for them, ignoring case finds more and misleads nobody.
EVERYDAY = frozenset(
    """
    a about act after age aid aim all also am an and any are art as at be been best both but by can care chips cop
    could did do each end ever fast few fit for from gain get go good had has have he help her him his hope how i ice
    if in into is it its just know last lead let like made make many may me more most much must my new nice no nor not
    now of off on one only or other our out over own pace per put ran rise safe same saw say see she should smart so
    some star start stem such take than that the them then there these they this those to too trips two under up us
    use very was way we well were what when where which while who why will wise with would you your
    """.split()  # noqa: SIM905 - a paragraph of words is easier to read and extend
)

# Words in -s that are nobody's plural, or whose singular means something else; neither side of the pair may reach
# the other, so `new` never finds "news" and `customs` never finds "custom".
UNTOUCHABLE = frozenset(
    """
    across aids always arms as besides clothes congress customs does dynamics earnings economics electronics ethics
    forces futures goes goods has headquarters his its logistics mathematics means news odds overseas perhaps physics
    politics premises proceeds remains savings securities series sometimes species thanks this thus us was yes
    """.split()  # noqa: SIM905 - a paragraph of words is easier to read and extend
)

# Words in -s that are no plural but have one: gas → gases. `GA` must not find "gas", nor `GP` "GPS".
SINGULAR_IN_S = frozenset(
    {"alias", "atlas", "bias", "bus", "canvas", "chaos", "cos", "gas", "gps", "ios", "lens", "sms"}
)
