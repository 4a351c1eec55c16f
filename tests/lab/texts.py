"""Random texts that are YAML, nearly YAML, or JSON."""
import random

SCALARS = [
    'true', 'True', 'yes', 'no', 'on', 'Off', 'y', 'N', 'null', '~', 'Null', '', '1', '-1', '+1', '0', '012', '08', '0o12', '0o8', '0x1F', '0X1f', '0b11', '0B1', '0b-1', '1_000', '_1', '1_', '1__0',
    '1e3', '1E+3', '1e', 'e1', '1.5', '.5', '5.', '-.5', '+.5', '1.0', '.inf', '-.inf', '+.Inf', '.nan', '.NaN', '12:30:00', '1:30', '-1:30', '190:20:30', '190:20:30.15', '2024-01-01',
    '2024-01-01T00:00:00Z', '2024-1-1', '2001-12-14 21:59:43.10 -5', '<<', '=', '-', '--', '---', '-a', '- a', '?', '? a', '?a', ':', ':a', ': a', 'a:', 'a: b', 'a:b', 'a::b', 'a #b', 'a#b', '#a',
    '@a', '`a`', '%a', '%', '&a', '&a b', '*a', '!a', '!a b', '!', '! a', '!!str 1', '!!str', '!!int 3', '!!int "3"', '!!int x', '!!float 1', '!!float x', '!!bool yes', '!!bool x', '!!null x',
    '!!null', '!!null ""', '!!binary aGk=', '!!binary x', '!!binary', '!!timestamp 2024-01-01', '!!timestamp x', '!<tag:yaml.org,2002:str> 1', '!<x> 1', '!e!x 1', '!!foo 1', '!!set {a}',
    '!!omap [a: 1]', '!!map {}', '!!seq []', '!!str [a]', '!!map a', '{a: b}', '{a: b, c}', '{a}', '{a: }', '{"a":b}', '{a:b}', '{}', '{,}', '{a,}', '[a]', '[]', '[a, b]', '[a,]', '[,]', '[a: b]',
    '[? a : b]', '[{a: b}, c]', '[[a]]', '{a: [b, {c: d}]}', '[a', '{a', 'a]', '}', '"a"', '"a b"', '"a\\nb"', '"a\\x41"', '"\\u0041"', '"\\U0001F600"', '"\\ud83d"', '"\\ud83d\\ude00"', '"\\q"',
    '"\\/"', '"\\0"', '"\\a\\b\\e\\f\\v\\N\\_\\L\\P"', '"\\t"', '"a\tb"', '"a\n b"', '"a\n\n b"', '"a \\\n  b"', '"a" b', '"a"b', '"unterminated', "'a'", "'it''s'", "'a\n b'", "'a\n\n b'",
    "'unterminated", "''", '""', '|\n  a\n  b\n', '|-\n  a\n', '|+\n  a\n\n', '>\n  a\n  b\n', '>-\n  a\n\n  b\n', '>+\n  a\n   b\n  c\n\n', '|2\n   a\n', '|1\n  a\n', '|9\n  a\n', '|0\n a\n',
    '|10\n a\n', '|-2\n   a\n', '|2-\n  a\n', '|+-\n a\n', '|x\n a\n', '| # c\n  a\n', '|#c\n  a\n', '|\n\n  a\n', '|\n    \n  a\n', '|\n  a\n b\n', '|\n a\n  b\n', '|\n\ta\n', '|\n  \ta\n', '|\n',
    '>\n', '|\n  ---\n', '|\n---\n', '>\n  a\n\n\n  b\n\n c\n', '|\na\n', '"\n"', 'a\n b', 'a\n\n b', 'a\n  #c\n b', 'a\n b: c', 'a\n\tb', 'a\tb', 'a \t', '\ta', '9223372036854775807',
    '9223372036854775808', '18446744073709551615', '18446744073709551616', '-9223372036854775808', '-9223372036854775809', '+9223372036854775808', '0xFFFFFFFFFFFFFFFF', '0xFFFFFFFFFFFFFFFFF', '1e400',
    '-1e400', '1e-400', '1e308', '123456789012345678901234567890', '0.1', '1e21', '1e20', '100000000000000000000', '1.7976931348623157e308', '5e-324', '0777', '-012', '+012', '0_7', '0x_1', '0x1_0',
    '0b1_0', '0b2', '0xg', '1.5.2', '1..2', '1.e3', '.e3', '._', '1_.5', '1._5', '1.5_', '._1', '.1_0', '+', '+.', '-.', '.', '..', '...', '0.', '00', '0000', '-0', '+0', '-0.0', '0e0', '0x', '0b',
    '0o', '0o7_7', '0O7', '1e+', '1e3_0', '1_e3', '1e_3', 'Infinity', 'NaN', 'inf', 'nan', '.INF', '.iNF', '+.nan', '-.nan', '0x1p3', '0x1.8p1', '1p3', '1f', '1d', '0b0x1', '0x0b1', '\xe9', '\xa0',
    '\u2028', '\x85', 'a\u2028b', 'a\x85b', '"a\u2028b"', '"a\x85b"', '\ufeff', '\ufeffa', 'a\ufeffb', '\x7f', '\x01', '\x1b', 'a\x00b', '\ud7ff', '\ue000', '\ufffd', '\ufffe', '\U0001f600',
    '\U0010ffff', '\u200b', '"\x07"', '\x0b', '\x0c', 'a\x0cb', 'a\rb', '\r', 'a\r\n b',
]

KEYS = [
    'a', 'b', 'c', '"a"', "'a'", '1', '01', '1.5', 'true', 'yes', 'null', '~', 'on', 'y', 'n', '<<', '? a', '"a b"', 'a b', '-a', '.a', '\xe9', '[a]', '{a: b}', '*a', '&a a', '!!str a', '!a a',
    '0x10', '1e3', '.inf', '.nan', '1_0', '-1', '+1', '2024-01-01', '=', ': ', 'a:', '-', '', '!!int 1', '!!null x', '1.10', '100000000', '1234567.5', '1e10', '0.00001', '12345678', '16777217', '0.1',
    '1e-7', '3.4e39',
]
KEYS += ['a' * 1020, 'a' * 1025, '"' + 'a' * 1023 + '"']

SEPARATORS = [
    '\n---\n', '\n---\n', '\n--- #c\n', '\n--- \n', '\n---\t\n', '\n--- a\n', '\n---a\n', '\n--- |\n', '\n...\n', '\n...\n---\n', '\n... #c\n', '\n... a\n', '\n---\r\n', '\n----\n', '\n --- \n',
    '\n%YAML 1.1\n---\n', '\n%YAML 1.2\n---\n', '\n%TAG ! x\n---\n', '\n%TAG !e! tag:e,\n---\n', '\n%FOO\n---\n', '\n---\n---\n', '\n---\n#c\n---\n', '\n---\n...\n---\n', '\r\n---\r\n',
    '\n--- {a: b}\n', '\n---#c\n', '\n---  # c\n', '\n---\n\n\n---\n', '\n\n\n---\n\n', '\n---\x0b\n', '\n---\xa0\n', '\n---\u2028\n',
]

TOKENS = [
    '\n', '\n\n', ' ', '  ', '\t', ':', ': ', '-', '- ', '#', ' #', '"', "'", '{', '}', '[', ']', ',', '|', '>', '|-', '>+', '&a ', '*a', '!', '!!str ', '?', '? ', '%', '@', '`', '\\', '\\n', '\\x41',
    '---', '\n---\n', '\n...\n', '...', '<<: ', '~', 'null', '1', '0x', '.', 'e', '\r', '\r\n', '\ufeff', '\u2028', '\x85', '\xa0', '\xe9', '\x00', '\x07', '\x7f', '/*x*/', '//x\n', '<<', '=', '_',
    '+', '\n  ', '\n- ', '\n? ', ': |\n  ', '{{ x }}', '{{- x }}', 'a',
]

JSON = [
    '{"a":1}', '{"a":"\\u0041\\ud83d\\ude00\\ud83d"}', '{"a":[1,2.0,1e3,-0,0.5,1E400]}', '{"a":null}', '{"a":{"b":[]}}', '{"a":01}', '{"a":1,}', '{a:1}', "{'a':1}", '{"a":"\t"}', '{"a":tru}',
    '{"a":1} {"b":2}', '{"a":1}{"b":2}', '{"a":1}\n---\n{"b":2}', '{"a":1}\n---\na: b', '{"a":1}\n\n\n', '{"a":1}]', '{"a":1} x', '{"a":1}\nb: 2', '{"a":1}\n{"b":2}\n---\nc: 3',
    '{"a":1}\n{"b":2}\n{"c":3}', '{"a":1}\n#c\n{"b":2}', '{"a":1,"a":2}', '{"a":9223372036854775808}', '{"a":1e1000}', '{"a":"\\x41"}', '{"a":"\\/"}', '{"a":"b\\\nc"}', '{"a":"\x7f"}', '{"":1}',
    '[1]', '"a"', '1', '{"a":"\u2028"}', '{"a":1}\n---', '{"a":1}\n---\n', '{"a":1}---\n{"b":2}', '{"a":1}\n--- \n{"b":2}', '{"a":1}\n--- #x\n{"b":2}', '{"a":1}\n...\n{"b":2}', '{}', '{}{}', '{ }',
    '{"a":-}', '{"a":.5}', '{"a":+1}', '{"a":0x1}', '{"a":NaN}', '{"a":1}\r\n{"b":2}', '{"a": 1 # c\n}', '{"a":1}, {"b":2}', '{"a":1}\nnull\n{"b":1}', '{"a":1}\n[1]\n',
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}', '{"a":1}\n\t{"b":2}', '{"a":\xa01}', '\xa0{"a":1}', '\u2003{"a":1}', '\x0b{"a":1}',
]
JSON += ['{"a":"' + 'x' * 5000 + '"}\n---\nb: 1\n', '{"a":"' + 'x' * 5000 + '"}\n{"b":"' + 'y' * 5000 + '"}', '{"a":"' + 'x' * 4090 + '"}\n{b: 1}\n']

FRAMES = ['a: %s\n', '- %s\n', '%s\n', 'a:\n  b: %s\n', '{a: %s}\n', '[%s]\n', '%s: 1\n', 'a: [%s, x]\n', 'a:\n- %s\n', '? %s\n: 1\n', 'a: %s\nb: 1\n',
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n    key: %s\n']
STARTS = ['---\n', '%YAML 1.1\n---\n', '%YAML 1.0\n---\n', '%YAML 1.1 #c\n---\n', '%TAG !e! tag:e,\n---\n', '#c\n', '\n\n', '  \n', '---\n---\n', '--- ', '...\n', '\ufeff', '--- #c\n', '---\t', '%X\n', '# c\n---\n', ' \t\n']
ENDS = ['\n', '\n', '\n', '', '\n\n', '\n...\n', '\n---\n', '\n...', '\n---', '\n#c', '\n  #c\n', '\n\t\n', '\n ', '\n---\n#c\n']
LINES = ['#c', '# c: d', '', '   ', '\t', '- a', '...', '---', '%YAML 1.1', '<<: *a', '<<: [*a, *b]', 'b: *a', '<<: {a: 1}', '<<: 1', '"<<": *a', '!!merge <<: *a', '<<: *zzz']
PROPERTIES = [' &a', ' &b', ' !!str', ' !!map', ' !x', ' &a !!str', ' !!str &a', ' &a &b']


def encoded(text):
    return text.encode('utf-8', 'surrogatepass')


class Texts:
    """Draws texts; `seeds` are texts to change."""

    def __init__(self, seed, seeds):
        self.rng, self.seeds = random.Random(seed), seeds

    def draw(self):
        what = self.rng.random()
        if what < 0.3:
            scalar = self.rng.choice(SCALARS)
            if self.rng.random() < 0.6:
                scalar = self.changed(encoded(scalar)).decode('utf-8', 'replace')
            return encoded(self.rng.choice(FRAMES).replace('%s', scalar))
        if what < 0.4:
            text = encoded(self.rng.choice(JSON))
            return self.changed(text) if self.rng.random() < 0.6 else text
        if what < 0.6:
            return self.text()
        if what < 0.7:
            return self.changed(self.text())
        return self.changed(self.rng.choice(self.seeds))

    def rarely(self, values, share=0.08):
        return self.rng.choice(values) if self.rng.random() < share else ''

    def block(self, depth, before):
        rng, what = self.rng, self.rng.random()
        if depth <= 0 or what < 0.35:
            return ' ' + rng.choice(SCALARS).replace('\n', '\n' + before)
        if what < 0.7:
            deeper = before + rng.choice(['  ', '  ', '  ', ' ', '    ', '\t'])
            return '\n' + '\n'.join(deeper + self.entry(depth - 1, deeper) for _ in range(rng.choice([1, 1, 2, 3])))
        if what < 0.9:
            deeper = before + rng.choice(['  ', '', '  ', '', ' ', '\t'])
            return '\n' + '\n'.join(deeper + '-' + rng.choice([' ', ' ', '  ', '\t']) + self.item(depth - 1, deeper + '  ') for _ in range(rng.choice([1, 2, 3])))
        return ' ' + self.flow(depth)

    def item(self, depth, before):
        rng, what = self.rng, self.rng.random()
        if what < 0.5 or depth <= 0:
            return rng.choice(SCALARS).replace('\n', '\n' + before)
        if what < 0.8:
            return self.entry(depth, before) + ('\n' + before + self.entry(depth, before) if rng.random() < 0.5 else '')
        return '- ' + self.item(depth - 1, before + '  ') if what < 0.9 else self.flow(depth)

    def flow(self, depth):
        rng, what = self.rng, self.rng.random()
        comma = rng.choice([', ', ',', '\n, ', ',\n  ', ' ,', '  #c\n ,', ', #c\n  '])
        if depth <= 0 or what < 0.4:
            return rng.choice(SCALARS)
        count = rng.choice([0, 1, 2, 3])
        if what < 0.7:
            return '[' + rng.choice(['', ' ', '\n']) + comma.join(self.flow(depth - 1) for _ in range(count)) + rng.choice(['', ' ', '\n', ',']) + ']'
        pairs = [rng.choice(KEYS) + rng.choice([': ', ':', ' : ', ':\n ', '', '? ']) + self.flow(depth - 1) for _ in range(count)]
        return '{' + rng.choice(['', ' ', '\n']) + comma.join(pairs) + rng.choice(['', ' ', '\n', ',']) + '}'

    def entry(self, depth, before):
        rng = self.rng
        if rng.random() < 0.05:
            return rng.choice(LINES + ['? a\n' + before + ': b'])
        key = rng.choice(KEYS if rng.random() < 0.4 else ['a', 'b', 'c', 'd'])
        value = self.block(depth, before)
        comment = self.rarely([' #c', '#c'], 0.15) if value.startswith('\n') else ''
        return key + (self.rarely([' :', ':\t', '\t:', '::'], 0.2) or ':') + self.rarely(PROPERTIES, 0.4) + comment + value

    def document(self):
        return '\n'.join(self.entry(self.rng.choice([0, 1, 2, 3]), '') for _ in range(self.rng.choice([1, 2, 3, 4])))

    def text(self):
        rng = self.rng
        text = self.rarely(STARTS, 0.6) + self.document()
        while rng.random() < 0.3:
            text += rng.choice(SEPARATORS) + self.document()
        text += rng.choice(ENDS)
        ending = rng.random()
        return encoded(text.replace('\n', '\r\n') if ending < 0.05 else text.replace('\n', '\r') if ending < 0.07 else text)

    def changed(self, text):
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2, 3])):
            place, what = rng.randrange(len(text) + 1), rng.random()
            if what < 0.5:
                text = text[:place] + encoded(rng.choice(TOKENS)) + text[place:]
            elif what < 0.7:
                text = text[:place] + text[place + rng.choice([1, 1, 2, 5, 20]):]
            elif what < 0.8:
                other = rng.randrange(len(text) + 1)
                text = text[:place] + text[other:other + 20] + text[place:]
            elif what < 0.9:
                text = text[:place] + encoded(rng.choice(TOKENS)) + text[place + 1:]
            elif what < 0.93:
                text = text[:place] + bytes([rng.randrange(256)]) + text[place:]
            else:
                text = text[:place] + encoded(rng.choice(SCALARS)) + text[place:]
        return text
