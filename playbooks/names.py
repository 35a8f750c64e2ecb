"""Invented people: given and family names by language, with a spelling for e-mail addresses.

Names are put together at random from common parts; a likeness to anybody is chance.
"""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple


class Name(NamedTuple):
    """A name as its bearer writes it, and in plain ASCII."""

    shown: str
    ascii: str


def _pairs(text: str) -> tuple[Name, ...]:
    """`"Zoë/zoe Max"` as names; without a slash the ASCII spelling is the lower case."""
    words = (word.partition("/") for word in text.split())
    return tuple(Name(shown, plain or shown.lower()) for shown, _, plain in words)


class Naming(NamedTuple):
    """The parts of names in one language, and how they are put together."""

    given: tuple[Name, ...]
    family: tuple[Name, ...]
    family_first: bool = False

    def invent(self, rng: Random) -> Name:
        """A name that no list was read for."""
        given, family = rng.choice(self.given), rng.choice(self.family)
        plain = f"{given.ascii}.{family.ascii}"
        if self.family_first:
            return Name(family.shown + given.shown, plain)
        return Name(f"{given.shown} {family.shown}", plain)


_HAN_GIVEN = (
    "伟/wei 芳/fang 娜/na 敏/min 静/jing 丽/li 强/qiang 磊/lei 洋/yang 艳/yan 勇/yong 军/jun "
    "娟/juan 涛/tao 明/ming 超/chao 秀英/xiuying 霞/xia 平/ping 刚/gang 桂英/guiying 子涵/zihan "
    "欣怡/xinyi 梓萱/zixuan 浩然/haoran 宇轩/yuxuan 雨桐/yutong 思远/siyuan 晓彤/xiaotong"
)
_HAN_FAMILY = (
    "王/wang 李/li 张/zhang 刘/liu 陈/chen 杨/yang 赵/zhao 黄/huang 周/zhou 吴/wu 徐/xu 孙/sun "
    "胡/hu 朱/zhu 高/gao 林/lin 何/he 郭/guo 马/ma 罗/luo 欧阳/ouyang 司马/sima 诸葛/zhuge"
)
_DE = Naming(
    _pairs(
        "Anna Lena Marie Sophie Jörg/joerg Jürgen/juergen Lukas Felix Björn/bjoern Käthe/kaethe "
        "Uwe Heike Sabine Thomas Zoë/zoe Emre Ayşe/ayse Łukasz/lukasz Ελένη/eleni"
    ),
    _pairs(
        "Müller/mueller Schmidt Schneider Fischer Weiß/weiss Becker Schäfer/schaefer "
        "Bäcker/baecker Groß/gross Yılmaz/yilmaz Nowak Krüger/krueger Hofmann Lange"
    ),
)
_FR = Naming(
    _pairs(
        "Chloé/chloe Léa/lea Zoé/zoe François/francois Jérôme/jerome Anaïs/anais Hélène/helene "
        "Benoît/benoit Camille Louis Manon Jean-Baptiste/jean-baptiste Inès/ines Yanis"
    ),
    _pairs(
        "Martin Bernard Lefèvre/lefevre Moreau Girard Bonnet Dupont L’Hôte/lhote D’Arcy/darcy "
        "Benoît/benoit Garçon/garcon Mercier Faure Noël/noel Haddad"
    ),
)
_EN = Naming(
    _pairs(
        "Olivia Amelia Isla George Arthur Noah Siân/sian Niamh Aoife Oliver Harry Priya Mohammed "
        "Chidi Zofia Grace Emily Jack Freya Leo"
    ),
    _pairs(
        "Smith Jones Taylor Brown Williams Wilson Evans O’Brien/obrien MacLeod/macleod Patel Khan "
        "Thomas Walker Wright Green Hall Lewis Okafor Kowalska/kowalska"
    ),
)
_EN_US = Naming(
    _pairs(
        "Emma Liam Ava Ethan Mia Mason José/jose María/maria Sofía/sofia DeShawn/deshawn Aaliyah "
        "Logan Hannah Tyler Nguyễn/nguyen Mei Hiroshi Anahit"
    ),
    _pairs(
        "Johnson Davis Miller García/garcia Martínez/martinez Rodríguez/rodriguez Lee Nguyen "
        "Hernandez Young King Núñez/nunez Chen Washington Petrosyan Tanaka"
    ),
)
_EN_SG = Naming(
    _pairs("Wei-Ling/weiling Siti Nurul Rajesh Kavitha Marcus Jia-Hui/jiahui Farid கவிதா/kavitha"),
    _pairs("Tan Lim Lee Ng Ong Rahman Ismail Pillai Nair Teo Koh முருகன்/murugan"),
)
_ES = Naming(
    _pairs("Lucía/lucia Martín/martin Sofía/sofia Íñigo/inigo Begoña/begona Hugo Álvaro/alvaro"),
    _pairs("Fernández/fernandez López/lopez Peña/pena Ibáñez/ibanez Núñez/nunez Muñoz/munoz Vega"),
)
_JA = Naming(
    _pairs("陽菜/hina 蓮/ren さくら/sakura 大翔/hiroto 美咲/misaki 健/ken ユウキ/yuki 葵/aoi"),
    _pairs("佐藤/sato 鈴木/suzuki 高橋/takahashi 田中/tanaka 渡辺/watanabe 伊藤/ito 髙﨑/takasaki"),
    family_first=True,
)
_ZH = Naming(_pairs(_HAN_GIVEN), _pairs(_HAN_FAMILY), family_first=True)

NAMINGS: Mapping[str, Naming] = {
    "zh": _ZH, "zh-CN": _ZH, "zh-SG": _ZH, "zh-Hans": _ZH,
    "de": _DE, "fr": _FR, "es": _ES, "ja": _JA,
    "en": _EN, "en-GB": _EN, "en-US": _EN_US, "en-SG": _EN_SG,
}  # fmt: skip


def naming_for(locale: str) -> Naming:
    """How people of a locale are named; that of its language, else English."""
    return NAMINGS.get(locale) or NAMINGS.get(locale.split("-", maxsplit=1)[0]) or _EN
