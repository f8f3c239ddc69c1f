// node_modules/preact/dist/preact.mjs
var e, t, n, r, i, a, o, s, c, l, u, d, f = Symbol.for("pv"), p = {}, m = [], h = /^m(i|n|o|s|text|space)$/, g = Array.isArray, _ = m.slice, v = Object.assign;
function ee(e) {
	e && e.parentNode && e.remove();
}
function y(e, t, n) {
	var r, i, a, o = {}, s = arguments.length;
	for (a in t) a == "key" ? r = t[a] : a == "ref" && typeof e != "function" ? i = t[a] : o[a] = t[a];
	return s > 2 && (o.children = s > 3 ? _.call(arguments, 2) : n), b(e, o, r, i, null);
}
function b(n, r, i, a, o) {
	var s = {
		type: n,
		props: r,
		key: i,
		ref: a,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: f,
		__v: o || ++t,
		__i: -1,
		__u: 0
	};
	return !o && e.vnode && e.vnode(s), s;
}
function x(e) {
	return e.children;
}
function te(e, t) {
	this.props = e, this.context = t, this.__g = 0;
}
function ne(e, t) {
	if (t == null) return e.__ && ne(e.__, e.__i + 1);
	for (var n; t < e.__k.length; t++) if ((n = e.__k[t]) && n.__e) return n.__e;
	return typeof e.type != "function" || e.props.__P ? null : ne(e);
}
function re(t) {
	var n, r = t.__v, i = r.__e, a = [], o = [], s = t.__P;
	s && ((n = v({ constructor: f }, r)).__v = r.__v + 1, e.vnode && e.vnode(n), fe(s, n, r, t.__n, s.namespaceURI, 32 & r.__u ? [i] : null, a, i || ne(r), 32 & r.__u, o), n.__v = r.__v, n.__.__k[n.__i] = n, he(a, n, o), r.__ = r.__e = null, n.__e != i && S(n));
}
function S(e) {
	if ((e = e.__) && e.__c && !e.props.__P) return e.__e = null, e.__k.some(function(t) {
		return t && (e.__e = t.__e);
	}), S(e);
}
function C(t) {
	(8 & t.__g || (t.__g |= 8, r.push(t), a++)) && i == e.debounceRendering || ((i = e.debounceRendering) || queueMicrotask)(ie);
}
function ie() {
	try {
		for (var e, t = 1; r.length;) r.length > t && r.sort(o), e = r.shift(), t = r.length, 8 & e.__g && re(e);
	} finally {
		(a = r.length) && (i || queueMicrotask)(ie);
	}
}
function ae(e, t, n, r, i, a, o, s, c, l, u) {
	var d, f, h, g, _, v, ee = r.__k || m, y = t.length;
	for (c = oe(n, t, ee, c, y), d = 0; d < y; d++) (h = n.__k[d]) != null && (f = ~h.__i && ee[h.__i] || p, h.__i = d, v = fe(e, h, f, i, a, o, s, c, l, u), g = h.__e, (f.ref != h.ref || 8 & f.__u) && (f.ref && _e(f.ref, null, h, f), h.ref && u.push(h.ref, h.__c || g, h)), _ ||= g, 4 & h.__u ? (c = se(h, c, e, !f.__v), f.__e && (f.__e = null)) : typeof h.type == "function" && v !== void 0 ? c = v : g && (c = g.nextSibling), h.__u &= -21);
	return n.__e = _, c;
}
function oe(e, t, n, r, i) {
	var a, o, s, c, l, u, d, p, m, h = n.length, _ = h, v = 0, ee = 0, y = e.__k = Array(i);
	for (a = 0; a < i; a++) (o = t[a]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = y[a] = b(null, o) : g(o) ? o = y[a] = b(x, { children: o }) : o.constructor === f && o.__b ? o = y[a] = b(o.type, o.props, o.key, o.ref, o.__v) : y[a] = o, c = a + v, o.__ = e, o.__b = e.__b + 1, s = null, ~(l = o.__i = ce(o, n, c, _)) && (_--, (s = n[l]) && (s.__u |= 2)), s && s.__v ? (o.__u |= 16, l == c - 1 ? v-- : l == c + 1 ? v++ : l != c && (l > c ? v-- : v++, ee = 1)) : (~l || (i > h ? v-- : i < h && v++), typeof o.type != "function" && (o.__u |= 4))) : y[a] = null;
	if (ee) {
		for (u = [], d = [], a = 0; a < i; a++) if ((o = y[a]) && 16 & o.__u) {
			for (v = 0, p = u.length; v < p;) u[m = v + p >> 1] < o.__i ? v = m + 1 : p = m;
			u[v] = o.__i, d[a] = v + 1;
		}
		for (v = u.length; a--;) d[a] && (d[a] == v ? v-- : y[a].__u |= 4);
	}
	if (_) for (a = 0; a < h; a++) !(s = n[a]) || 2 & s.__u || (s.__e == r && (r = ne(s)), ve(s, s));
	return r;
}
function se(e, t, n, r) {
	var i, a, o, s;
	if (typeof e.type == "function") {
		if (e.props.__P) return t;
		if (i = e.__k) for (a = 0; a < i.length; a++) i[a] && (i[a].__ = e, t = se(i[a], t, n, !1));
		return t;
	}
	for (t && !t.parentNode && (t = ne(e)) && !t.parentNode && (t = null), o = e.__e, s = t; s && s.nodeType == 8;) s = s.nextSibling;
	for (o != s && (!r && n.moveBefore && o.parentNode ? n.moveBefore(o, t) : n.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function ce(e, t, n, r) {
	var i, a = e.key, o = e.type, s = t[n], c = s && !(2 & s.__u);
	if (s === null && a == null || c && a == s.key && o == s.type) return n;
	if (r > +!!c) {
		for (i = n - 1; i >= 0; i--) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
		for (i = n + 1; i < t.length; i++) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
	}
	return -1;
}
function le(e, t, n) {
	n ??= "", t[0] == "-" ? e.setProperty(t, n) : e[t] = n;
}
function ue(e, t, n, r, i) {
	var a, o;
	if (t == "style") {
		if (typeof n == "string") e.style.cssText = n;
		else {
			if (typeof r == "string" && (e.style.cssText = r = ""), r) for (t in r) n && t in n || le(e.style, t);
			if (n) for (t in n) r && n[t] == r[t] || le(e.style, t, n[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof n != "function" && (n = null), typeof r != "function" && (r = null), (e.__e ||= {})[t] = n, n && r || (o = u[t] || (u[t] = de(t)), (e.__a ||= {})[t] = l, a = t != (t = t.replace(c, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), n ? e.addEventListener(t, o, a) : e.removeEventListener(t, o, a));
	else {
		if (i == "http://www.w3.org/2000/svg") t = t.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
		else if (t != "width" && t != "height" && t != "href" && t != "list" && t != "form" && t != "tabIndex" && t != "download" && t != "rowSpan" && t != "colSpan" && t != "role" && t != "popover" && t in e) try {
			e[t] = n ?? "";
			return;
		} catch {}
		if (typeof n == "function") return;
		n == null || !1 === n && t[4] != "-" ? e.removeAttribute(t) : e.setAttribute(t, t == "popover" && n == 1 ? "" : n);
	}
}
function de(t) {
	return function(n) {
		var r = this.__e;
		if (r) {
			if (r = r[t], n[s] == null) n[s] = l++;
			else if (n[s] < this.__a[t]) return;
			return r(e.event ? e.event(n) : n);
		}
	};
}
function fe(t, n, r, i, a, o, s, c, l, u) {
	var d, p, h, _, y, b, re, S, C, ie, oe, se, ce, le, ue, de, fe, he, _e = n.type;
	if (n.constructor !== f) return null;
	128 & r.__u && (l = 32 & r.__u, d = r.__c.__z) && (n.__u |= l, p = o = [], d.nodeType == 8 ? c = pe(d, o) : o.push(d), c = o[0] || c), (d = e.__b) && d(n);
	n: if (typeof _e == "function") {
		h = s.length;
		try {
			if (S = n.props, C = (d = _e.prototype) && d.render, ie = (d = _e.contextType) && i[d.__c], oe = d ? ie ? ie.props.value : d.__ : i, (_ = r.__c) ? (n.__c = _, 2 & _.__g && (_.__g |= 1)) : (C ? n.__c = _ = new _e(S, oe) : (n.__c = _ = new te(S, oe), _.constructor = _e, _.render = ye), ie && ie.sub(_), _.state || (_.state = {}), _.__n = i, _.__g |= 8, _.__h = [], _.__k = []), C && (_.__s || (_.__s = _.state), _e.getDerivedStateFromProps && (_.__s == _.state && (_.__s = v({}, _.__s)), v(_.__s, _e.getDerivedStateFromProps(S, _.__s)))), y = _.props, b = _.state, _.__v = n, r.__c) {
				if (S !== y && C && !_e.getDerivedStateFromProps && _.componentWillReceiveProps && _.componentWillReceiveProps(S, oe), n.__v == r.__v && !(8 & _.__g) || !(4 & _.__g) && _.shouldComponentUpdate && !1 === _.shouldComponentUpdate(S, _.__s, oe)) {
					n.__v != r.__v && (_.props = S, _.state = _.__s, _.__g &= -9), n.__e = r.__e, n.__k = r.__k, n.__k.some(function(e) {
						e && (e.__ = n);
					}), m.push.apply(_.__h, _.__k), _.__k = [], _.__h.length && s.push(_), c = ne(r);
					break n;
				}
				_.componentWillUpdate && _.componentWillUpdate(S, _.__s, oe), C && _.componentDidUpdate && _.__h.push(function() {
					_.componentDidUpdate(y, b, re);
				});
			} else C && !_e.getDerivedStateFromProps && _.componentWillMount && _.componentWillMount(), C && _.componentDidMount && _.__h.push(_.componentDidMount);
			_.context = oe, _.props = S, _.__P = t, _.__g &= -5, se = e.__r, ce = C ? 25 : 0;
			do
				_.__g &= -9, se && se(n), d = _.render(_.props, _.state = _.__s, _.context);
			while (8 & _.__g && ++ce < 25);
			C && (m.push.apply(_.__h, _.__k), _.__k = []), _.state = _.__s, _.getChildContext && (i = v({}, i, _.getChildContext())), C && r.__c && _.getSnapshotBeforeUpdate && (re = _.getSnapshotBeforeUpdate(y, b)), le = d && d.type === x && d.key == null ? d.props.children : d, S.__P && (d = c, a = (t = S.__P).namespaceURI, l = o = null, r.props && r.props.__P != t && (r.__k.some(function(e) {
				e && ve(e, e);
			}), r.__k = null), c = r.__k ? ne(r, 0) : null), c = ae(t, g(le) ? le : [le], n, r, i, a, o, s, c, l, u), S.__P && (n.__e = null, c = d), n.__u &= -161, p && p.some(ee), _.__h.length && s.push(_), 1 & _.__g && (_.__g &= -4);
		} catch (t) {
			if (s.length = h, n.__v = null, l || o) {
				if (t && t.then) {
					if (n.__u |= 128 | l, o) {
						for (~(fe = o.indexOf(c || void 0)) || (fe = o.length); (he = o[fe - 1]) && he.nodeType == 8;) fe--;
						for (; fe < o.length; fe++) if (he = o[fe]) {
							if (o[fe] = null, ue) {
								if (he == de) break;
							} else {
								if (he.nodeType != 8) break;
								he.data.startsWith("$s") && (de = pe(ue = he));
							}
						}
					}
					if (!ue) {
						for (; c && c.nodeType == 8 && c.nextSibling;) c = c.nextSibling;
						ue = c;
					}
					(d = pe(ue = n.__c.__z || (n.__c.__z = ue))) ? (n.__e = ue, c = d) : n.__e = c, c &&= c.nextSibling;
				} else o && o.some(ee);
			} else n.__e = r.__e;
			n.__k ||= r.__k || [], t && t.then || me(n), e.__e(t, n, r);
		}
	} else c = n.__e = ge(r.__e, n, r, i, a, o, s, l, u, t);
	return (d = e.diffed) && d(n), c;
}
function pe(e, t) {
	if (e && e.nodeType == 8 && e.data.startsWith("$s")) for (var n = 1; e = e.nextSibling;) {
		if (e.nodeType == 8) {
			if (e.data.startsWith("$s")) n++;
			else if (e.data.startsWith("/$s") && !--n) return e;
		}
		t && t.push(e);
	}
}
function me(e) {
	e && (e.__c && (e.__c.__g |= 4), e.__k && e.__k.some(me));
}
function he(t, n, r) {
	for (var i = 0; i < r.length;) _e(r[i++], r[i++], r[i++]);
	e.__c && e.__c(n, t), t.some(function(n) {
		try {
			t = n.__h, n.__h = [], t.some(function(e) {
				e.call(n);
			});
		} catch (t) {
			e.__e(t, n.__v);
		}
	});
}
function ge(t, n, r, i, a, o, s, c, l, u) {
	var d, f, m, v, y, b, x, te, re = r.props || p, S = n.props, C = n.type;
	if (C == "svg" ? a = "http://www.w3.org/2000/svg" : C == "math" ? a = "http://www.w3.org/1998/Math/MathML" : a ||= "http://www.w3.org/1999/xhtml", o) {
		for (d = 0; d < o.length; d++) if ((y = o[d]) && (C ? y.localName == C : y.nodeType == 3)) {
			t = y, o[d] = null;
			break;
		}
	}
	if (!t) {
		if (te = u.ownerDocument || document, !C) return te.createTextNode(S);
		t = te.createElementNS(a, C, S.is ? S : u), c &&= (e.__m && e.__m(n, o), !1), o = null;
	}
	if (C) {
		if (u = C == "template" && t.content || t, o = C == "textarea" && S.defaultValue != null ? null : o && _.call(u.childNodes), !c && o) for (re = {}, d = 0; d < t.attributes.length; d++) re[(y = t.attributes[d]).name] = y.value;
		for (d in re) y = re[d], d == "dangerouslySetInnerHTML" ? m = y : d == "children" || d in S || d == "value" && "defaultValue" in S || d == "checked" && "defaultChecked" in S || ue(t, d, null, y, a);
		for (d in S) y = S[d], d == "children" ? v = y : d == "dangerouslySetInnerHTML" ? f = y : d == "value" ? b = y : d == "checked" ? x = y : c && typeof y != "function" || re[d] === y || ue(t, d, y, re[d], a);
		f ? (c || m && (f.__html == m.__html || f.__html == t.innerHTML) || (t.innerHTML = f.__html), n.__k = []) : (m && (t.textContent = ""), (C == "foreignObject" || a == "http://www.w3.org/1998/Math/MathML" && h.test(C)) && (a = "http://www.w3.org/1999/xhtml"), ae(u, g(v) ? v : [v], n, r, i, a, o, s, o ? o[0] : r.__k && ne(r, 0), c, l), o && o.some(ee)), c && C != "textarea" || (d = "value", C == "progress" && b == null ? t.removeAttribute(d) : b == null || b === t[d] && (C != "progress" || b) || ue(t, d, b, re[d], a), d = "checked", x != null && x != t[d] && ue(t, d, x, re[d], a));
	} else re === S || c && t.data == S || (t.data = S);
	return t;
}
function _e(t, n, r, i) {
	try {
		typeof t == "function" ? n ? n.__x = t(n) || 1 : (i &&= i.__c || i.__e) && (n = i.__x) && (i.__x = null, typeof n == "function" ? n() : t(null)) : t.current = n;
	} catch (t) {
		e.__e(t, r);
	}
}
function ve(t, n, r) {
	var i, a, o, s;
	if (e.unmount && e.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || _e(i, null, n, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			e.__e(t, n);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (s = 0; s < i.length; s++) i[s] && ve(i[s], n, typeof t.type != "function" || r && !t.props.__P);
	!r && (i = t.__c) && (i = i.__z) && (a = pe(i, o = [])) && (i == t.__e && o.some(ee), ee(a), ee(i)), r || ee(t.__e), t.__e = t.__c = t.__ = null;
}
function ye(e, t, n) {
	return this.constructor(e, n);
}
function be(t, n) {
	var r, i, a, o;
	e.__ && e.__(t, n), n.nodeType == 9 && (n = n.documentElement), i = (r = t && 32 & t.__u) ? null : n.__k, n.__k = b(x, { children: [t] }), a = [], o = [], fe(n, n.__k, i || p, p, n.namespaceURI, i ? null : n.firstChild ? _.call(n.childNodes) : null, a, i ? i.__e : n.firstChild, r, o), he(a, n.__k, o), n.__k.props.children = null;
}
function xe(e) {
	function t(e) {
		var n, r;
		return this.getChildContext || (n = /* @__PURE__ */ new Set(), (r = {})[t.__c] = this, this.getChildContext = function() {
			return r;
		}, this.shouldComponentUpdate = function(e) {
			this.props.value != e.value && n.forEach(function(e) {
				e.__g |= 4, C(e);
			});
		}, this.sub = function(e) {
			n.add(e);
			var t = e.componentWillUnmount;
			e.componentWillUnmount = function() {
				n.delete(e), t && t.call(e);
			};
		}), e.children;
	}
	return t.__c = "__cC" + d++, t.__ = e, t.Provider = (t.Consumer = function(e, t) {
		return e.children(t);
	}).contextType = t, t;
}
e = { __e: function(e, t, n, r) {
	for (var i, o, s; t = t.__;) if ((i = t.__c) && !(1 & i.__g)) {
		i.__g |= 4;
		try {
			if ((s = (o = i.constructor) && o.getDerivedStateFromError) && i.setState(o.getDerivedStateFromError(e)), i.componentDidCatch && (i.componentDidCatch(e, r || {}), s = 1), s && 8 & i.__g) return void (i.__g |= 2);
		} catch (t) {
			e = t;
		}
	}
	throw a = 0, e;
} }, t = 0, n = function(e) {
	return e != null && e.constructor === f;
}, te.prototype.setState = function(e, t) {
	var n = this.__s;
	n && n != this.state || (n = this.__s = v({}, this.state)), typeof e == "function" && (e = e(v({}, n), this.props)), e && (v(n, e), this.__v && (t && this.__k.push(t), C(this)));
}, te.prototype.forceUpdate = function(e) {
	this.__v && (this.__g |= 4, e && this.__h.push(e), C(this));
}, te.prototype.render = x, r = [], a = 0, o = function(e, t) {
	return e.__v.__b - t.__v.__b;
}, s = Symbol(), c = /(PointerCapture)$|Capture$/i, l = 0, u = {}, d = 0;
// node_modules/preact/hooks/dist/hooks.mjs
var Se, w, Ce, we, Te = Object.is, Ee = 0, De = [], Oe = [], T = e, ke = T.__b, Ae = T.__r, je = T.diffed, Me = T.__c, Ne = T.unmount, Pe = T.__;
function Fe(e, t) {
	T.__h && T.__h(w, e, Ee || t), Ee = 0;
	var n = w.__H || (w.__H = {
		__: [],
		__h: []
	});
	return e >= n.__.length && n.__.push({}), n.__[e];
}
function Ie(e) {
	return Ee = 1, Le(Ze, e);
}
function Le(e, t, n) {
	var r = Fe(Se++, 2);
	if (r.t = e, !r.__c && (r.__ = [n ? n(t) : Ze(void 0, t), function(e) {
		var t = (r.__N || r.__)[0], n = r.t(t, e);
		Te(t, n) || (r.__N = [n, r.__[1]], r.__c.setState({}));
	}], r.__c = w, !w.__f)) {
		w.__f = !0;
		var i = w.shouldComponentUpdate;
		w.shouldComponentUpdate = function(e, t, n) {
			var r = this.__H;
			if (!r) return !0;
			var a = !1, o = this.props != e;
			if (r.__.some(function(e) {
				e.__N && (a = !0, Te(e.__[0], e.__N[0]) || (o = !0));
			}), i) {
				var s = i.call(this, e, t, n);
				return a ? s || o : s;
			}
			return !a || o;
		};
	}
	return r.__;
}
function Re(e, t) {
	var n = Fe(Se++, 3);
	!T.__s && Xe(n.__H, t) && (n.__P = !0, n.__ = e, n.u = t, w.__H.__h.push(n));
}
function ze(e, t) {
	var n = Fe(Se++, 4);
	!T.__s && Xe(n.__H, t) && (n.__P = !1, n.__ = e, n.u = t, w.__h.push(n));
}
function Be(e) {
	return Ee = 5, Ve(function() {
		return { current: e };
	}, []);
}
function Ve(e, t) {
	var n = Fe(Se++, 7);
	return Xe(n.__H, t) && (n.__ = e(), n.__H = t), n.__;
}
function He(e) {
	var t = w.context[e.__c], n = Fe(Se++, 9);
	return n.c = e, t ? (n.__ ?? (n.__ = !0, t.sub(w)), t.props.value) : e.__;
}
function Ue() {
	var e = Fe(Se++, 11);
	if (!e.__) {
		for (var t = w.__v; !t.__m && t.__;) t = t.__;
		var n = t.__m || (t.__m = [0, 0]);
		e.__ = "P" + n[0] + "-" + n[1]++;
	}
	return e.__;
}
function We() {
	var e;
	do {
		for (; e = Oe.shift();) try {
			Je(e);
		} catch (t) {
			T.__e(t, { __: (e = e.__P) && e.__v });
		}
		for (; e = De.shift();) {
			var t = e.__H;
			if (e.__P && t) try {
				t.__h.some(Je), t.__h.some(Ye), t.__h = [];
			} catch (n) {
				t.__h = [], T.__e(n, e.__v);
			}
		}
	} while (Oe.length);
}
T.__b = function(e) {
	w = null, ke && ke(e);
}, T.__ = function(e, t) {
	e && t.__k && t.__k.__m && (e.__m = t.__k.__m), Pe && Pe(e, t);
}, T.__r = function(e) {
	Ae && Ae(e), Se = 0;
	var t = (w = e.__c).__H;
	t && (Ce == w ? w.__h = [] : (t.__h.some(Je), t.__h.some(Ye), Se = 0), t.__h = [], t.__.some(function(e) {
		e.__N && (e.__ = e.__N), e.u = e.__N = void 0;
	})), Ce = w;
}, T.diffed = function(e) {
	je && je(e);
	var t = e.__c;
	t && t.__H && (t.__H.__h.length && qe(De.push(t)), t.__H.__.some(function(e) {
		e.u && (e.__H = e.u);
	})), Ce = w = null;
}, T.__c = function(e, t) {
	t.some(function(e) {
		try {
			e.__h.some(Je), e.__h = e.__h.filter(function(e) {
				return !e.__ || Ye(e);
			});
		} catch (t) {
			e.__h = [function() {
				throw t;
			}];
		}
	}), Me && Me(e, t);
}, T.unmount = function(e) {
	Ne && Ne(e);
	var t, n, r = e.__c;
	r && r.__H && (r.__H.__.some(function(r) {
		try {
			if (r.__P && r.__c) {
				if (n === void 0) {
					for (n = e.__; n && (!n.__c || !n.__c.__P);) n = n.__;
					n &&= n.__c;
				}
				r.__P = n, qe(Oe.push(r));
			} else Je(r);
		} catch (e) {
			t = e;
		}
	}), r.__H = void 0, t && T.__e(t, r.__v));
};
var Ge = typeof requestAnimationFrame == "function";
function Ke(e) {
	var t, n = function() {
		clearTimeout(r), Ge && cancelAnimationFrame(t), setTimeout(e);
	}, r = setTimeout(n, 35);
	Ge && (t = requestAnimationFrame(n));
}
function qe(e) {
	e != 1 && we == T.requestAnimationFrame || ((we = T.requestAnimationFrame) || Ke)(We);
}
function Je(e) {
	var t = w, n = e.__c;
	typeof n == "function" && (e.__c = void 0, n()), w = t;
}
function Ye(e) {
	var t = w;
	e.__c = e.__(), w = t;
}
function Xe(e, t) {
	return !e || e.length != t.length || t.some(function(t, n) {
		return !Te(t, e[n]);
	});
}
function Ze(e, t) {
	return typeof t == "function" ? t(e) : t;
}
// node_modules/@preact/signals-core/dist/signals-core.module.js
var Qe = Symbol.for("preact-signals");
function $e() {
	if (it > 1) it--;
	else {
		var e, t = !1;
		for ((function() {
			var e = ct;
			for (ct = void 0; e !== void 0;) {
				var t = e.S;
				if (t.v === e.v) for (var n = t.t; n !== void 0; n = n.x) n.i === e.i && (n.i = t.i);
				e = e.o;
			}
		})(); rt !== void 0;) {
			var n = rt;
			for (rt = void 0, at++; n !== void 0;) {
				var r = n.u;
				if (n.u = void 0, n.f &= -3, !(8 & n.f) && dt(n)) try {
					n.c();
				} catch (n) {
					t ||= (e = n, !0);
				}
				n = r;
			}
		}
		if (at = 0, it--, t) throw e;
	}
}
function et(e) {
	if (it > 0) return e();
	st = ++ot, it++;
	try {
		return e();
	} finally {
		$e();
	}
}
var tt, E = void 0;
function nt(e) {
	var t = E, n = tt;
	E = void 0, tt = void 0;
	try {
		return e();
	} finally {
		E = t, tt = n;
	}
}
var rt = void 0, it = 0, at = 0, ot = 0, st = 0, ct = void 0, lt = 0;
function ut(e) {
	if (E !== void 0) {
		var t = e.n;
		if (t === void 0 || t.t !== E) return t = {
			i: 0,
			S: e,
			p: E.s,
			n: void 0,
			t: E,
			e: void 0,
			x: void 0,
			r: t
		}, E.s !== void 0 && (E.s.n = t), E.s = t, e.n = t, 32 & E.f && e.S(t), t;
		if (t.i === -1) return t.i = 0, t.n !== void 0 && (t.n.p = t.p, t.p !== void 0 && (t.p.n = t.n), t.p = E.s, t.n = void 0, E.s.n = t, E.s = t), t;
	}
}
function D(e, t) {
	this.v = e, this.i = 0, this.n = void 0, this.t = void 0, this.l = 0, this.W = t?.watched, this.Z = t?.unwatched, this.name = t?.name;
}
D.prototype.brand = Qe, D.prototype.h = function() {
	return !0;
}, D.prototype.S = function(e) {
	var t = this, n = this.t;
	n !== e && e.e === void 0 && (e.x = n, this.t = e, n === void 0 ? nt(function() {
		var e;
		(e = t.W) == null || e.call(t);
	}) : n.e = e);
}, D.prototype.U = function(e) {
	var t = this;
	if (this.t !== void 0) {
		var n = e.e, r = e.x;
		n !== void 0 && (n.x = r, e.e = void 0), r !== void 0 && (r.e = n, e.x = void 0), e === this.t && (this.t = r, r === void 0 && nt(function() {
			var e;
			(e = t.Z) == null || e.call(t);
		}));
	}
}, D.prototype.subscribe = function(e) {
	var t = this;
	return bt(function() {
		var n = t.value;
		nt(function() {
			return e(n);
		});
	}, { name: "sub" });
}, D.prototype.valueOf = function() {
	return this.value;
}, D.prototype.toString = function() {
	return this.value + "";
}, D.prototype.toJSON = function() {
	return this.value;
}, D.prototype.peek = function() {
	var e = this;
	return nt(function() {
		return e.value;
	});
}, Object.defineProperty(D.prototype, "value", {
	get: function() {
		var e = ut(this);
		return e !== void 0 && (e.i = this.i), this.v;
	},
	set: function(e) {
		if (e !== this.v) {
			if (at > 100) throw Error("Cycle detected");
			(function(e) {
				it !== 0 && at === 0 && e.l !== st && (e.l = st, ct = {
					S: e,
					v: e.v,
					i: e.i,
					o: ct
				});
			})(this), this.v = e, this.i++, lt++, it++;
			try {
				for (var t = this.t; t !== void 0; t = t.x) t.t.N();
			} finally {
				$e();
			}
		}
	}
});
function O(e, t) {
	return new D(e, t);
}
function dt(e) {
	for (var t = e.s; t !== void 0; t = t.n) if (t.S.i !== t.i || !t.S.h() || t.S.i !== t.i) return !0;
	return !1;
}
function ft(e) {
	for (var t = e.s; t !== void 0; t = t.n) {
		var n = t.S.n;
		if (n !== void 0 && (t.r = n), t.S.n = t, t.i = -1, t.n === void 0) {
			e.s = t;
			break;
		}
	}
}
function pt(e) {
	for (var t = e.s, n = void 0; t !== void 0;) {
		var r = t.p;
		t.i === -1 ? (t.S.U(t), r !== void 0 && (r.n = t.n), t.n !== void 0 && (t.n.p = r)) : n = t, t.S.n = t.r, t.r !== void 0 && (t.r = void 0), t = r;
	}
	e.s = n;
}
function mt(e, t) {
	D.call(this, void 0, t), this.x = e, this.s = void 0, this.g = lt - 1, this.f = 4;
}
mt.prototype = new D(), mt.prototype.h = function() {
	if (this.f &= -3, 1 & this.f) return !1;
	if ((36 & this.f) == 32 || (this.f &= -5, this.g === lt)) return !0;
	if (this.g = lt, this.f |= 1, this.i > 0 && !dt(this)) return this.f &= -2, !0;
	var e = E;
	try {
		ft(this), E = this;
		var t = this.x();
		(16 & this.f || this.v !== t || this.i === 0) && (this.v = t, this.f &= -17, this.i++);
	} catch (e) {
		this.v = e, this.f |= 16, this.i++;
	}
	return E = e, pt(this), this.f &= -2, !0;
}, mt.prototype.S = function(e) {
	if (this.t === void 0) {
		this.f |= 36;
		for (var t = this.s; t !== void 0; t = t.n) t.S.S(t);
	}
	D.prototype.S.call(this, e);
}, mt.prototype.U = function(e) {
	if (this.t !== void 0 && (D.prototype.U.call(this, e), this.t === void 0)) {
		this.f &= -33;
		for (var t = this.s; t !== void 0; t = t.n) t.S.U(t);
	}
}, mt.prototype.N = function() {
	if (!(2 & this.f)) {
		this.f |= 6;
		for (var e = this.t; e !== void 0; e = e.x) e.t.N();
	}
}, Object.defineProperty(mt.prototype, "value", { get: function() {
	if (1 & this.f) throw Error("Cycle detected");
	var e = ut(this);
	if (this.h(), e !== void 0 && (e.i = this.i), 16 & this.f) throw this.v;
	return this.v;
} });
function ht(e, t) {
	return new mt(e, t);
}
function gt(e) {
	var t = e.j;
	if (e.j = void 0, typeof t == "function") {
		it++;
		var n = E;
		E = void 0;
		try {
			t();
		} catch (t) {
			throw e.f &= -2, e.f |= 8, _t(e), t;
		} finally {
			E = n, $e();
		}
	}
}
function _t(e) {
	for (var t = e.s; t !== void 0; t = t.n) t.S.U(t);
	e.x = void 0, e.s = void 0, gt(e);
}
function vt(e) {
	if (E !== this) throw Error("Out-of-order effect");
	pt(this), E = e, this.f &= -2;
	try {
		8 & this.f && _t(this);
	} finally {
		$e();
	}
}
function yt(e, t) {
	this.x = e, this.j = void 0, this.s = void 0, this.u = void 0, this.f = 32, this.name = t?.name, tt && tt.push(this);
}
yt.prototype.c = function() {
	var e = this.S();
	try {
		if (8 & this.f || this.x === void 0) return;
		var t = this.x();
		typeof t == "function" && (this.j = t);
	} finally {
		e();
	}
}, yt.prototype.S = function() {
	if (1 & this.f) throw Error("Cycle detected");
	this.f |= 1, this.f &= -9, gt(this), ft(this), it++;
	var e = E;
	return E = this, vt.bind(this, e);
}, yt.prototype.N = function() {
	2 & this.f || (this.f |= 2, this.u = rt, rt = this);
}, yt.prototype.d = function() {
	this.f |= 8, 1 & this.f || _t(this);
}, yt.prototype.dispose = function() {
	this.d();
};
function bt(e, t) {
	var n = new yt(e, t);
	try {
		n.c();
	} catch (e) {
		throw n.d(), e;
	}
	var r = n.d.bind(n);
	return r[Symbol.dispose] = r, r;
}
// node_modules/@preact/signals/dist/signals.module.js
var xt, St, Ct = typeof window < "u" && !!window.__PREACT_SIGNALS_DEVTOOLS__, wt = [];
bt(function() {
	xt = this.N;
})();
function Tt(t, n) {
	e[t] = n.bind(null, e[t] || function() {});
}
function Et(e) {
	if (St) {
		var t = St;
		St = void 0, t();
	}
	St = e && e.S();
}
function Dt(e) {
	var t = this, r = e.data, i = k(r);
	i.name = "ReactiveDom", i.value = r;
	var a = Ve(function() {
		for (var e = t, r = t.__v; r = r.__;) if (r.__c) {
			r.__c.__$f |= 4;
			break;
		}
		var a = ht(function() {
			var e = i.value.value;
			return e === 0 ? 0 : !0 === e ? "" : e || "";
		}), o = ht(function() {
			return !Array.isArray(a.value) && !n(a.value);
		}), s = bt(function() {
			if (this.N = jt, o.value) {
				var t = a.value;
				e.__v && e.__v.__e && e.__v.__e.nodeType === 3 && (e.__v.__e.data = t);
			}
		}), c = t.__$u.d;
		return t.__$u.d = function() {
			s(), c.call(this);
		}, [o, a];
	}, []), o = a[0], s = a[1];
	return o.value ? s.peek() : s.value;
}
Dt.displayName = "ReactiveTextNode", Object.defineProperties(D.prototype, {
	constructor: {
		configurable: !0,
		value: y(x, null).constructor
	},
	type: {
		configurable: !0,
		value: Dt
	},
	props: {
		configurable: !0,
		get: function() {
			var e = this;
			return { data: { get value() {
				return e.value;
			} } };
		}
	},
	__b: {
		configurable: !0,
		value: 1
	}
}), Tt("__b", function(e, t) {
	if (Et(), typeof t.type == "string") {
		var n, r = t.props;
		for (var i in r) if (i !== "children") {
			var a = r[i];
			a instanceof D && (n || (t.__np = n = {}), n[i] = a, r[i] = a.peek());
		}
	}
	e(t);
}), Tt("__r", function(e, t) {
	if (e(t), t.type !== x) {
		Et();
		var n, r = t.__c;
		r && (r.__$f &= -2, (n = r.__$u) === void 0 && (r.__$u = n = function(e, t) {
			var n;
			return bt(function() {
				n = this;
			}, { name: t }), n.c = e, n;
		}(function(e) {
			return function() {
				var t;
				Ct && ((t = this.y) == null || t.call(this)), e.__$f |= 1, e.setState({});
			};
		}(r), typeof t.type == "function" ? t.type.displayName || t.type.name : ""))), Et(n);
	}
}), Tt("__e", function(e, t, n, r) {
	Et(), e(t, n, r);
}), Tt("diffed", function(e, t) {
	Et();
	var n;
	if (typeof t.type == "string" && (n = t.__e)) {
		var r = t.__np, i = t.props, a = n.U;
		if (a) for (var o in a) {
			var s = a[o];
			s === void 0 || r && o in r || (s.d(), a[o] = void 0);
		}
		if (r) for (var c in a || (a = {}, n.U = a), r) {
			var l = a[c], u = r[c];
			l === void 0 ? (l = Ot(n, c, u, i), a[c] = l) : l.o(u, i);
		}
	}
	e(t);
});
function Ot(e, t, n, r) {
	var i = t in e && e.ownerSVGElement === void 0, a = O(n);
	return {
		o: function(e, t) {
			a.value = e, r = t;
		},
		d: bt(function() {
			this.N = jt;
			var n = a.value.value;
			r[t] !== n && (r[t] = n, i ? e[t] = n : n != null && (!1 !== n || t[4] === "-") ? e.setAttribute(t, n) : e.removeAttribute(t));
		})
	};
}
Tt("unmount", function(e, t) {
	if (typeof t.type == "string") {
		var n = t.__e;
		if (n) {
			var r = n.U;
			if (r) for (var i in n.U = void 0, r) {
				var a = r[i];
				a && a.d();
			}
		}
		var o = t.__np;
		if (o) {
			var s = t.props;
			for (var c in o) s[c] = o[c];
		}
		t.__np = void 0;
	} else {
		var l = t.__c;
		if (l) {
			l.__$f |= 8;
			var u = l.__$u;
			u && (l.__$u = void 0, u.d());
		}
	}
	e(t);
}), Tt("__h", function(e, t, n, r) {
	r < 3 && (t.__$f |= 2), e(t, n, r);
}), te.prototype.shouldComponentUpdate = function(e, t) {
	if (this.__R) return !0;
	var n = this.__$u, r = n && n.s !== void 0;
	for (var i in t) return !0;
	if (this.__f || typeof this.u == "boolean" && !0 === this.u) {
		var a = 2 & this.__$f;
		if (!(r || a || 4 & this.__$f) || 1 & this.__$f) return !0;
	} else if (!(r || 4 & this.__$f) || 3 & this.__$f) return !0;
	for (var o in e) if (o !== "__source" && e[o] !== this.props[o]) return !0;
	for (var s in this.props) if (!(s in e)) return !0;
	return !1;
};
function k(e, t) {
	return Ve(function() {
		return O(e, t);
	}, []);
}
var kt = function(e) {
	queueMicrotask(function() {
		queueMicrotask(e);
	});
};
function At() {
	et(function() {
		for (var e; e = wt.shift();) xt.call(e);
	});
}
function jt() {
	wt.push(this) === 1 && (e.requestAnimationFrame || kt)(At);
}
// src/hooks/useLate.ts
var Mt = 150;
function Nt(e) {
	let [t, n] = Ie(!1);
	return Re(() => {
		if (!e) return n(!1);
		let t = setTimeout(() => n(!0), Mt);
		return () => clearTimeout(t);
	}, [e]), e && t;
}
// src/hooks/usePage.ts
var Pt = xe(null);
function A() {
	let e = He(Pt);
	if (!e) throw Error("A panel is used outside the page.");
	return e;
}
// src/protocol/asks.ts
var Ft = {
	explain: 0,
	test: 1,
	terms: 1,
	tokens: 1,
	inspect: 2,
	reads: 3,
	generate: 2,
	attention: 3,
	lens: 4,
	patch: 5,
	paths: 6,
	facts: 6,
	edit: 6,
	update: 6,
	attribute: 7,
	find: 8
}, It = 2, Lt = 200;
function j(e) {
	if (Array.isArray(e)) return `[${e.map(j).join(",")}]`;
	if (typeof e != "object" || !e) return JSON.stringify(e);
	let t = Object.entries(e).filter(([, e]) => e !== void 0);
	return t.sort(([e], [t]) => e < t ? -1 : 1), `{${t.map(([e, t]) => `${JSON.stringify(e)}:${j(t)}`).join(",")}}`;
}
function Rt({ test: e, parts: t }) {
	return e === !0 ? 3 : t === !1 ? 0 : 1;
}
var zt = {
	stage: "waiting",
	fraction: 0,
	result: null,
	error: null
}, Bt = class {
	lost = O(!1);
	#e = /* @__PURE__ */ new Map();
	#t = [];
	#n;
	constructor(e, t) {
		this.#n = e;
		for (let [e, n] of Object.entries(t)) {
			let t = JSON.parse(e);
			this.#e.set(j(t), this.#r(t, n));
		}
	}
	watch(e) {
		let t = j(e), n = this.#e.get(t) ?? this.#r(e, null);
		return n.answer.value?.error && (n.state = "queued", n.answer.value = zt), this.#e.set(t, n), n.watchers += 1, n.seen = !0, n.state === "queued" && this.#o(), this.#i(), n.answer;
	}
	release(e) {
		let t = j(e), n = this.#e.get(t);
		n && (--n.watchers, n.watchers > 0 || n.state === "done" || (n.cancel?.(), this.#e.delete(t), this.#i()));
	}
	foresee(e) {
		return this.#t.unshift(e), this.#i(), () => {
			this.#t.splice(this.#t.indexOf(e), 1), this.#o(this.#t.flat().map(j)), this.#i();
		};
	}
	known(e) {
		return this.#e.get(j(e))?.answer.value ?? null;
	}
	peek(e) {
		return this.#e.get(j(e))?.answer.value?.result ?? null;
	}
	shown(...e) {
		let t = ({ watchers: t, ask: n }) => t > 0 || e.some((e) => e === n.prompt), n = [...this.#e].filter(([, e]) => e.seen && t(e) && e.answer.value?.result);
		return Object.fromEntries(n.map(([e, t]) => [e, t.answer.value?.result]));
	}
	#r(e, t) {
		let n = t !== null;
		return {
			ask: e,
			order: Ft[e.ask] + (e.ask === "explain" ? Rt(e) : 0),
			answer: O(n ? {
				...zt,
				fraction: 1,
				result: t
			} : zt),
			watchers: 0,
			seen: n,
			cancel: null,
			state: n ? "done" : "queued"
		};
	}
	retry() {
		this.lost.value = !1, this.#i();
	}
	#i() {
		if (this.lost.value) return;
		let e = [...this.#e.values()], t = It - e.filter((e) => e.state === "running").length, n = e.filter((e) => e.state === "queued").sort((e, t) => e.order - t.order);
		for (let e of n) {
			if (t === 0) break;
			this.#s(e), --t;
		}
		t === It && this.#a();
	}
	#a() {
		let e = this.#t.flat().find((e) => !this.#e.has(j(e)));
		if (!e) return;
		let t = this.#r(e, null);
		this.#e.set(j(e), t), this.#s(t);
	}
	#o(e = []) {
		for (let [t, n] of this.#e) n.watchers > 0 || n.state === "done" || e.includes(t) || (n.cancel?.(), this.#e.delete(t));
	}
	#s(e) {
		let t = (t) => {
			e.state !== "done" && (e.state = "done", e.cancel = null, e.answer.value = t, this.#c(), this.#i());
		};
		e.state = "running", e.cancel = this.#n(e.ask, {
			progress: (t, n) => {
				e.state === "running" && (e.answer.value = {
					...zt,
					stage: t,
					fraction: n
				});
			},
			result: (e) => t({
				...zt,
				fraction: 1,
				result: e
			}),
			error: (e) => t({
				...zt,
				error: e
			}),
			lost: () => {
				e.state === "running" && (e.watchers === 0 && this.#e.delete(j(e.ask)), e.state = "queued", e.cancel = null, e.answer.value = zt, this.lost.value = !0);
			}
		});
	}
	#c() {
		for (let [e, t] of this.#e) {
			if (this.#e.size <= Lt) return;
			t.watchers === 0 && t.state === "done" && this.#e.delete(e);
		}
	}
};
// src/hooks/useAsk.ts
function Vt(e) {
	let t = A(), n = e === null ? "" : j(e), r = k(null);
	if (ze(() => {
		if (e !== null) return r.value = {
			key: n,
			answer: t.desk.watch(e)
		}, () => t.desk.release(e);
	}, [n]), r.value?.key === n) return r.value.answer.value;
	let i = e && t.desk.known(e);
	return i?.result ? i : null;
}
function Ht(e) {
	let t = A();
	Re(() => t.data.host === "page" && e.length > 0 ? t.desk.foresee(e) : void 0, [j(e)]);
}
function Ut(e, t = !1) {
	let n = Vt(e), r = Be(null);
	return n?.result && (r.current = n.result), e === null && !t && (r.current = null), {
		answer: n,
		result: n?.error ? null : r.current,
		stale: !n?.result
	};
}
// node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var Wt = Symbol.for("pv"), Gt = 0;
Array.isArray;
function M(t, n, r, i, a, o) {
	n ||= {};
	var s, c, l = n;
	if ("ref" in l && typeof t != "function") for (c in l = {}, n) c == "ref" ? s = n[c] : l[c] = n[c];
	var u = {
		type: t,
		props: l,
		key: r,
		ref: s,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: Wt,
		__v: --Gt,
		__i: -1,
		__u: 0
	};
	return (a || o) && (u.__source = a, u.__self = o), e.vnode && e.vnode(u), u;
}
// src/hooks/useTested.tsx
var Kt = [
	"why",
	"parts",
	"tests"
], qt = xe(null), Jt = xe(null);
function Yt({ children: e }) {
	let t = A(), n = t.followed(), r = t.at.view.value, i = r === "tests" && t.at.pins.value.length > 0, a = n !== null && Kt.includes(r) && !i, o = (e) => ({
		ask: "explain",
		...n,
		test: e,
		top: 10
	}), s = Vt(a && !t.desk.peek(o(!0)) ? o(!1) : null), c = Vt(a ? o(!0) : null);
	return /* @__PURE__ */ M(qt.Provider, {
		value: c,
		children: /* @__PURE__ */ M(Jt.Provider, {
			value: c?.result ?? s?.result ?? null,
			children: e
		})
	});
}
function Xt() {
	return He(qt);
}
function Zt() {
	return Xt()?.result ?? null;
}
function Qt() {
	return He(Jt);
}
// src/page/keys.ts
var $t = {
	none: "zero",
	zero: "mean",
	mean: null,
	double: null,
	swap: null
};
function en(e, t) {
	let n = e.data.host === "widget" ? t : document, r = (n) => tn(e, t, n);
	return n.addEventListener("keydown", r), () => n.removeEventListener("keydown", r);
}
function tn(e, t, n) {
	if (n.ctrlKey || n.metaKey || n.altKey || nn(n.target) || e.helpOpen.value || e.glossary.value !== null) return;
	let { selection: r, test: i } = e.state.value;
	if (n.key === "t" && r) e.set({ test: $t[i ?? "none"] });
	else if (n.key === "p" && r) e.pin();
	else if (n.key === "/") t.querySelector("[data-find]")?.focus();
	else if (n.key === "?") e.helpOpen.value = !0;
	else if (n.key === "Escape" && r) e.select(null);
	else return;
	n.preventDefault();
}
function nn(e) {
	return e instanceof HTMLElement && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
}
// src/lib/glossary.ts
var rn = an("# Glossary\n\nThe field's terms as they are used here, one line each.\n\n| term | meaning |\n|---|---|\n| activation (of a neuron) | What enters the down projection; in a gated MLP `act(gate) * up`. It can be negative. |\n| attention head | One query-key-value reader of a block; it writes `z W_O^h` to the residual stream. |\n| attention sink | A source token, mostly the first, that gets much attention and adds little. |\n| block | One layer: attention and MLP, which both add to the stream. Counted from 0. |\n| borderline | So near a limit that rounding could change the word. |\n| causal, suppressor | A part without which the target falls, or rises, by 0.3 nats; or by 0.1 and by more than 95 % of the parts of its kind do ([verdicts](methods/direct-effect.md#verdicts)). |\n| contribution | What one source token's value adds to the readout through one head. |\n| control | The parts of the same kind, each zeroed as well, beside which an effect is ranked. |\n| credit | The value of a part's term: its direct effect on the readout, in logits. |\n| cross-attention | The sublayer by which a decoder reads the encoder's last states. |\n| direct effect | What a part's own write adds to the readout, with everything else as it was. |\n| direct logit attribution | A logit as a sum of direct effects; here a ledger. |\n| down projection | `W_out`, the matrix from neurons to the stream. |\n| embedding | The vector of a token, the first term of the stream. |\n| encoder | The stack that reads the source in an encoder-decoder; every position sees every other. |\n| expert | One of the MLPs of a mixture of experts; the router weighs those it chooses. |\n| family | All models of one `model_type`; one row that says where their parts are. |\n| final norm | The norm between the last block and the unembedding. |\n| frozen | Held at its value in the recorded run. |\n| gain, shift | The learned factor and offset of a norm, one number a dimension. |\n| grain, granularity | How fine a ledger is: sublayer, head, source, neuron. |\n| grouped-query attention | Several query heads share one key-value head. |\n| head role | What a head is known to do: look at the previous token, copy, suppress copies ([the list](methods/head-roles.md)). |\n| induction | Attention to what followed the same token earlier. |\n| KL | `KL(final prediction ‖ prediction of a state)`, in nats. |\n| ledger | Named terms whose sum is compared with the model's own number. |\n| logit | The score of a token before the softmax. |\n| logit lens | The final norm and the unembedding applied to an earlier state of the stream. |\n| log-odds | `log(P / (1 - P))`, in nats: what an effect on a probability is measured in, since it does not saturate. |\n| MLP | The second sublayer of a block; papers also say FFN. |\n| nats | The unit of log-odds: 1 nat multiplies the odds by 2.7, 0.1 nats by 1.1. |\n| neuron | One hidden unit of an MLP; it writes its activation times one row of `W_out`. |\n| OV circuit | `W_V W_O` of a head: what it writes for a source token, given that it looks there. |\n| patching | A value of one run put into another, to see what follows (also: activation patching). |\n| path | A way from where something is written through heads to the readout; its value is a product of what each step passes on. |\n| pattern | A head's attention probabilities, query by key. |\n| post-LN | A block whose norms follow the sum of stream and write (BART, Marian); others norm what a sublayer reads. |\n| position | Index of a token in the prompt, from 0; −1 is the last. |\n| post-norm | A norm on a sublayer's output before it is added to the stream (Gemma 2 and 3, OLMo 2). |\n| QK circuit | `W_Q W_K^T` of a head: where it looks. |\n| rank | 1 is the most probable token. |\n| readout | A linear functional of the stream at one position: a logit, a difference of logits, a direction. |\n| reference | What is subtracted from the raw logit: the vocabulary mean, another token's logit, or nothing. |\n| `resid_pre`, `resid_mid`, `resid_post` | The stream before a block, after its attention, after its MLP. |\n| residual stream | The vector at each position that every sublayer adds to. |\n| run | One forward pass, kept. |\n| soft-cap | `c * tanh(logit / c)` after the unembedding (Gemma 2). |\n| source token | The token whose value a head reads. |\n| source | What the encoder of an encoder-decoder reads. |\n| sublayer | The attention or the MLP of a block. |\n| term | One addend of a ledger. |\n| tolerance | How far a ledger may be off before it is an error; what rounding explains. |\n| total effect | What changes in the output when a part is changed, with all that follows from it. |\n| unembedding | `W_U`, the matrix from the normed stream to logits. |\n| value (of attention) | What a source token offers to a head; the pattern mixes values into `z`. |\n| versus | A reference: the logit of another token. |\n| write | What a sublayer, head or neuron adds to the stream. |\n| `z` | A head's mix of values, before the output projection. |\n| zeroed | Set to zero where the question is asked, with all that follows computed again: what the target would be without the part. |\n");
function an(e) {
	return e.split("\n").map((e) => /^\| (.+?) \| (.+) \|$/.exec(e)).flatMap((e) => e?.[1] && e[2] && e[1] !== "term" ? [on(sn(e[1]), sn(e[2]))] : []);
}
function on(e, t) {
	return {
		names: [e, ...e.replace(/ \(.*\)$/, "").split(", ")].map((e) => e.toLowerCase()),
		term: e,
		meaning: t
	};
}
function sn(e) {
	return e.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
function cn(e) {
	let t = [e.toLowerCase(), e.toLowerCase().replace(/s$/, "")];
	return rn.find((e) => e.names.some((e) => t.includes(e))) ?? null;
}
// src/panels/Glossary.tsx
function ln() {
	let e = A(), t = Be(null), n = e.glossary.value, r = n === null ? null : cn(n);
	return Re(() => {
		n === null ? t.current?.close() : (t.current?.open || t.current?.showModal(), t.current?.querySelector(".chosen")?.scrollIntoView({ block: "center" }));
	}, [n]), /* @__PURE__ */ M("dialog", {
		class: "glossary",
		ref: t,
		"aria-labelledby": "unembed-glossary",
		onClose: () => e.glossary.value = null,
		children: [/* @__PURE__ */ M("form", {
			method: "dialog",
			class: "controls",
			children: [/* @__PURE__ */ M("h2", {
				id: "unembed-glossary",
				children: "Glossary"
			}), /* @__PURE__ */ M("button", {
				type: "submit",
				children: "Close"
			})]
		}), n === null ? null : /* @__PURE__ */ M("dl", {
			tabIndex: 0,
			children: rn.map((e) => /* @__PURE__ */ M("div", {
				class: e === r ? "chosen" : "",
				children: [/* @__PURE__ */ M("dt", { children: e.term }), /* @__PURE__ */ M("dd", { children: e.meaning })]
			}, e.term))
		})]
	});
}
// src/lib/parts.ts
function N(e) {
	let { cross: t, encoder: n, layer: r, head: i } = e;
	return {
		kind: t ? "cross_head" : "head",
		layer: r,
		head: i,
		...n ? { encoder: n } : {}
	};
}
function un(e) {
	let { layer: t, expert: n, neuron: r, encoder: i } = e;
	return {
		kind: "neuron",
		layer: t,
		...n === null ? {} : { expert: n },
		neuron: r,
		...i ? { encoder: i } : {}
	};
}
function dn(e, t) {
	return e === null || t === null ? e === t : fn(e) === fn(t);
}
function fn(e) {
	return [
		e.kind,
		e.layer,
		e.head ?? "",
		e.expert ?? "",
		e.neuron ?? "",
		e.encoder ? "enc" : ""
	].join(" ");
}
function pn(e) {
	return e.kind === "head" ? "attention" : e.kind === "cross_head" ? "cross_attention" : e.kind === "neuron" ? "mlp" : e.kind;
}
function mn(e) {
	return pn(e) === "cross_attention";
}
function hn(e) {
	return mn(e) || e.encoder === !0;
}
function gn(e) {
	return e.encoder ? { encoder: !0 } : mn(e) ? { cross: !0 } : {};
}
function _n(e) {
	let t = /^\s*enc\.(.*)$/is.exec(e);
	if (!t) return vn(e);
	let n = vn(t[1] ?? "");
	return n === null || mn(n) ? null : {
		...n,
		encoder: !0
	};
}
function vn(e) {
	let t = /^\s*L?(\d+)(?:[.\s]*(?:H(\d+)|X(\d+)|(?:E(\d+)[.\s]*)?N(\d+)|(A(?:ttn|ttention)?)|(C(?:ross)?)|(M(?:LP)?)))?\s*$/i.exec(e);
	if (!t) return null;
	let [, n, r, i, a, o, , s, c] = t, l = { layer: Number(n) };
	return r === void 0 ? i === void 0 ? o === void 0 ? {
		kind: c ? "mlp" : s ? "cross_attention" : "attention",
		...l
	} : {
		kind: "neuron",
		...l,
		...a === void 0 ? {} : { expert: Number(a) },
		neuron: Number(o)
	} : {
		kind: "cross_head",
		...l,
		head: Number(i)
	} : {
		kind: "head",
		...l,
		head: Number(r)
	};
}
function P(e) {
	return bn(yn(e), e.encoder ?? !1);
}
function yn(e) {
	return e.kind === "head" ? `L${e.layer}.H${e.head}` : e.kind === "cross_head" ? `L${e.layer}.X${e.head}` : e.kind === "neuron" ? e.expert === void 0 ? `L${e.layer}.N${e.neuron}` : `L${e.layer}.E${e.expert}.N${e.neuron}` : `L${e.layer} ${{
		mlp: "mlp",
		attention: "attn",
		cross_attention: "cross"
	}[e.kind]}`;
}
function bn(e, t) {
	return t ? `enc.${e}` : e;
}
function xn(e) {
	let t = Sn(e);
	if (t) return P(t);
	if (e.kind === "shared_experts" && typeof e.neuron == "number") return `L${e.layer}.shared.N${e.neuron}`;
	let n = e.kind.replaceAll("_", " ");
	return e.layer === null ? n : `L${e.layer} ${n}`;
}
function Sn(e) {
	let { kind: t, layer: n, expert: r } = e;
	return n === null ? null : t === "cross_attention" ? typeof e.head == "number" ? {
		kind: "cross_head",
		layer: n,
		head: e.head
	} : {
		kind: t,
		layer: n
	} : t === "attention" || t === "mlp" ? {
		kind: t,
		layer: n
	} : t === "head" && typeof e.head == "number" ? {
		kind: t,
		layer: n,
		head: e.head
	} : t !== "neuron" || typeof e.neuron != "number" ? null : {
		kind: t,
		layer: n,
		...typeof r == "number" ? { expert: r } : {},
		neuron: e.neuron
	};
}
function Cn(e) {
	let t = e;
	return typeof t != "object" || !t || !wn(t.layer) || t.encoder !== void 0 && (t.encoder !== !0 || String(t.kind).startsWith("cross")) ? !1 : t.kind === "head" || t.kind === "cross_head" ? wn(t.head) : t.kind === "neuron" ? wn(t.neuron) && (t.expert === void 0 || wn(t.expert)) : t.kind === "attention" || t.kind === "cross_attention" || t.kind === "mlp";
}
function wn(e) {
	return Number.isInteger(e) && e >= 0;
}
function Tn(e, t) {
	return (t.reads === null || t.reads === void 0) && (e.encoder || mn(e)) ? "this model has no encoder." : e.encoder ? "" : e.layer >= t.layers ? `its layers are L0 to L${t.layers - 1}.` : e.head !== void 0 && e.head >= t.heads ? `the heads of a layer are 0 to ${t.heads - 1}.` : e.neuron === void 0 ? "" : t.d_mlp === 0 ? "this model has no neurons." : e.neuron >= t.d_mlp ? `the neurons of a layer are 0 to ${t.d_mlp - 1}.` : "";
}
function En(e) {
	let t = e.ledger.terms.flatMap((e) => Sn(e) ?? []);
	return [
		...e.heads.map(N),
		...e.neurons.map(un),
		...t
	];
}
// src/lib/knowledge.ts
var Dn = [
	"update",
	"erase",
	"suppress",
	"amplify"
], On = ["rome", "value"], kn = [
	"refined",
	"kept",
	"shared"
], An = {
	prompts: null,
	subject: "",
	t: .2,
	set: null,
	test: null,
	edit: null
};
function jn(e, t, n) {
	let r = n.trim();
	return e.relations.flatMap(({ name: e, facts: n }) => n.filter((e) => r !== "" && e.answer.startsWith(r) && t.includes(e.subject)).map((t) => ({
		...t,
		relation: e
	})));
}
function Mn({ layers: e, attributions: t }) {
	return [!0, !1].map((n) => ({
		encoder: n,
		layers: e.filter((e) => (e.encoder ?? !1) === n),
		neurons: t.filter((e) => (e.encoder ?? !1) === n)
	})).filter((e) => e.layers.length > 0);
}
function Nn(e) {
	return P(un(e));
}
function Pn(e, t) {
	let n = Array.from({ length: t }, () => []);
	for (let t of e) n[t.layer]?.push(t);
	for (let e of n) e.sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	return n;
}
function Fn(e) {
	return [...new Set(e.split("\n").filter((e) => e.trim() !== ""))];
}
function In(e) {
	let [t] = e.facts;
	return {
		refined: t?.refined ?? [],
		kept: t?.kept ?? [],
		shared: e.shared
	};
}
function Ln(e, t) {
	return t ?? kn.find((t) => e[t].length > 0) ?? "refined";
}
function Rn({ layer: e, expert: t, neuron: n }) {
	return {
		layer: e,
		...t === null ? {} : { expert: t },
		neuron: n
	};
}
function zn({ relation: e, subject: t, answer: n, target: r, prompts: i }) {
	let a = r === ` ${n}` ? {} : { target: r };
	return JSON.stringify({
		relation: e,
		subject: t || e,
		answer: n,
		...a,
		prompts: i
	});
}
function Bn(e, t, n, r, i) {
	let a = n ? [
		"--relation",
		t.relation,
		"--subject",
		t.subject
	] : [], o = [
		"--model",
		i,
		"--save",
		"edit.safetensors"
	];
	if (e.action === "update") {
		let t = e.method === "rome" ? [] : [
			"--method",
			"value",
			...r.flatMap((e) => ["--neuron", e])
		];
		return Vn([
			"update",
			...n ? a : ["fact.jsonl"],
			"--to",
			e.to,
			...t,
			...o
		]);
	}
	return e.action === "erase" ? Vn([
		"suppress",
		...r,
		...o
	]) : Vn([
		e.action,
		...r,
		...n ? a : ["--facts", "fact.jsonl"],
		...o
	]);
}
function Vn(e) {
	return `unembed knowledge ${e.map((e) => /^[\w./-]+$/.test(e) ? e : `'${e.replaceAll("'", "'\\''")}'`).join(" ")}`;
}
function Hn(e, t) {
	let { prompts: n, t: r } = e;
	return {
		ask: "find",
		...Wn(e, t),
		t: r,
		...n === null ? {} : { prompts: n }
	};
}
function Un(e, t, n, r) {
	let { prompts: i, subject: a } = e, o = i === null ? {} : { prompts: i }, s = r.map(Rn);
	return t.action === "update" ? {
		ask: "update",
		...Wn(e, n),
		...o,
		to: t.to,
		method: t.method,
		...t.method === "value" ? { neurons: s } : {},
		...i === null ? {} : { subject: a }
	} : {
		ask: "edit",
		...Wn(e, n),
		...o,
		action: t.action,
		neurons: s
	};
}
function Wn({ prompts: e }, { prompt: t, target: n }) {
	return e === null ? { prompt: t } : {
		prompt: t,
		target: n
	};
}
function Gn(e) {
	let t = e;
	if (typeof t != "object") return !1;
	let { prompts: n, subject: r, t: i, set: a, test: o, edit: s } = t;
	return (n === null || Array.isArray(n) && n.every((e) => typeof e == "string")) && typeof r == "string" && typeof i == "number" && qn([null, ...kn])(a) && qn([
		null,
		"zero",
		"double"
	])(o) && (s === null || Kn(s));
}
function Kn(e) {
	let t = e;
	return typeof t == "object" && qn(Dn)(t.action) && typeof t.to == "string" && qn(On)(t.method);
}
function qn(e) {
	return (t) => e.includes(t);
}
// src/page/state.ts
var Jn = [
	"zero",
	"double",
	"mean",
	"swap"
], Yn = [
	"why",
	"parts",
	"graph",
	"tests",
	"compare",
	"facts",
	"continue"
], Xn = {
	view: "why",
	a: "",
	b: null,
	source: null,
	position: null,
	target: null,
	vs: null,
	reference: "mean",
	word: null,
	selection: null,
	test: null,
	pins: [],
	knowledge: null
};
function Zn(e) {
	let t = Object.entries(e).filter(([e, t]) => JSON.stringify(t) !== JSON.stringify(Xn[e]));
	return t.length === 0 ? "" : `#${encodeURIComponent(JSON.stringify(Object.fromEntries(t)))}`;
}
function Qn(e, t = Xn) {
	if (e.length < 2) return t;
	let n;
	try {
		n = JSON.parse(decodeURIComponent(e.slice(1)));
	} catch {
		return t;
	}
	return typeof n == "object" && n && !Array.isArray(n) ? $n({
		...Xn,
		...n
	}) : t;
}
function $n(e) {
	let t = (t, n) => n(e[t]) ? e[t] : Xn[t], n = (e) => e === null || typeof e == "string";
	return {
		view: t("view", (e) => Yn.some((t) => t === e)),
		a: t("a", (e) => typeof e == "string"),
		b: t("b", n),
		source: t("source", n),
		position: t("position", (e) => e === null || wn(e)),
		target: t("target", (e) => n(e) || wn(e)),
		vs: t("vs", n),
		reference: t("reference", (e) => e === "mean" || e === "raw"),
		word: t("word", (e) => e === null || wn(e)),
		selection: t("selection", (e) => e === null || Cn(e)),
		test: t("test", (e) => e === null || nr(e)),
		pins: t("pins", (e) => Array.isArray(e) && e.every(rr)),
		knowledge: t("knowledge", (e) => e === null || Gn(e))
	};
}
function er(e) {
	return e.text === "" || e.text.includes("�") ? e.id : e.text;
}
function tr(e, t) {
	return {
		target: er(e),
		...e.text === t ? { vs: null } : {}
	};
}
function nr(e) {
	return Jn.some((t) => t === e);
}
function rr(e) {
	let t = e;
	return typeof t == "object" && !!t && Cn(t.part) && nr(t.how);
}
// src/protocol/transports.ts
function ir(e) {
	return (t, n) => {
		let r = new AbortController();
		return or("/ask", t, e, r.signal).then(async (e) => {
			if (!e.ok || !e.body) throw Error(await sr(e));
			await cr(e.body, n);
		}).catch((e) => {
			r.signal.aborted || (ar(e) ? n.lost() : n.error(e instanceof Error ? e.message : String(e)));
		}), () => r.abort();
	};
}
function ar(e) {
	return e instanceof TypeError;
}
function or(e, t, n, r) {
	let i = { "content-type": "application/json" };
	return n !== null && (i.authorization = `Bearer ${n}`), fetch(e, {
		method: "POST",
		headers: i,
		body: JSON.stringify(t),
		...r ? { signal: r } : {}
	});
}
async function sr(e) {
	let t = await e.text();
	try {
		let { message: e } = JSON.parse(t);
		if (e) return e;
	} catch {}
	return t || `The server answered ${e.status}.`;
}
async function cr(e, t) {
	let n = e.pipeThrough(new TextDecoderStream()).getReader(), r = "";
	for (;;) {
		let { done: e, value: i } = await n.read();
		if (e) break;
		r += i.replaceAll("\r\n", "\n");
		let a = r.split("\n\n");
		r = a.pop() ?? "";
		for (let e of a) lr(e, t);
	}
	r.trim() && lr(r, t), t.lost();
}
function lr(e, t) {
	let n = e.split("\n"), r = (e) => n.filter((t) => t.startsWith(`${e}:`)).map((t) => t.slice(e.length + 1).replace(/^ /, "")), i = r("data").join("\n");
	i && ur(r("event")[0] ?? "message", JSON.parse(i), t);
}
function ur(e, t, n) {
	if (e === "progress") {
		let { stage: e, fraction: r } = t;
		n.progress(e, r);
	} else e === "error" ? n.error(t.message) : e === "result" && n.result(t);
}
var dr = /* @__PURE__ */ new Set([
	"top",
	"test",
	"parts",
	"target"
]);
function fr(e) {
	let t = (e) => j(Object.fromEntries(Object.entries(e).filter(([e]) => !dr.has(e)))), n = Object.entries(e).map(([e, n]) => {
		let r = JSON.parse(e);
		return {
			core: t(r),
			tokens: pr(r, n),
			payload: n
		};
	});
	return (e, r) => {
		let i = t(e), a = n.find(({ core: t, tokens: n }) => t === i && (n.length === 0 || n.includes(e.target ?? null)));
		return a ? r.result(a.payload) : r.error("Not kept in this report. Open the prompt with `unembed open` to ask for it."), () => {};
	};
}
function pr(e, t) {
	let { target: n } = t ?? {};
	return n?.id === void 0 ? [] : [
		e.target ?? null,
		n.id,
		n.text
	];
}
function mr(e) {
	let t = 0;
	return (n, r) => {
		t += 1;
		let i = t, a = (t) => {
			t.id === i && (ur(t.event, t.data, r), t.event !== "progress" && e.off("msg:custom", a));
		};
		return e.on("msg:custom", a), e.send({
			id: i,
			ask: n
		}), () => {
			e.off("msg:custom", a), e.send({
				id: i,
				cancel: !0
			});
		};
	};
}
var hr = 11811, gr = 33;
function _r(e) {
	let t = /* @__PURE__ */ new Uint8Array(21), n = new DataView(t.buffer);
	n.setUint32(0, 9), t.set(new TextEncoder().encode("pHYs"), 4), n.setUint32(8, hr), n.setUint32(12, hr), t[16] = 1, n.setUint32(17, vr(t.subarray(4, 17)));
	let r = new Uint8Array(e.length + t.length);
	return r.set(e.subarray(0, gr)), r.set(t, gr), r.set(e.subarray(gr), gr + t.length), r;
}
function vr(e) {
	let t = 4294967295;
	for (let n of e) {
		t ^= n;
		for (let e = 0; e < 8; e += 1) t = t & 1 ? t >>> 1 ^ 3988292384 : t >>> 1;
	}
	return (t ^ 4294967295) >>> 0;
}
// src/ui/download.ts
function yr(e, t, n) {
	let r = URL.createObjectURL(new Blob([t], { type: n })), i = document.createElement("a");
	i.href = r, i.download = e, i.click(), URL.revokeObjectURL(r);
}
async function br({ svg: e, width: t, height: n }) {
	let r = new Image();
	r.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(e)}`, await r.decode();
	let i = document.createElement("canvas");
	i.width = Math.round(t / 72 * 300), i.height = Math.round(n / 72 * 300);
	let a = i.getContext("2d");
	if (!a) throw Error("This browser draws no pictures.");
	a.drawImage(r, 0, 0, i.width, i.height);
	let o = await new Promise((e) => i.toBlob(e, "image/png"));
	if (!o) throw Error("The picture is too large for this browser.");
	return _r(new Uint8Array(await o.arrayBuffer()));
}
// src/lib/format.ts
var xr = "−", Sr = 1e6;
function F(e, t = 2) {
	return Cr(e, t, "");
}
function I(e, t = 2) {
	return Cr(e, t, "+");
}
function Cr(e, t, n) {
	let r = Math.abs(e);
	if (!(r < Sr)) return wr(e, t, n);
	let i = r.toFixed(t);
	return Number(i) === 0 ? i : Tr(e, n) + i;
}
function wr(e, t = 0, n = "") {
	if (Number.isNaN(e)) return "NaN";
	if (e === 0) return "0";
	let r = Math.abs(e), i = Number.isFinite(r) ? r.toExponential(t).replace(/([+-])(\d)$/, "$10$2") : "∞";
	return Tr(e, n) + i;
}
function Tr(e, t) {
	return e < 0 ? xr : t;
}
function L(e) {
	if (e < 1e-4) return "<0.01%";
	let t = F(100 * e, e >= .001 ? 1 : 2);
	return t === "100.0" ? ">99.9%" : `${t}%`;
}
function Er(e) {
	return `${F(100 * e, 1)}%`;
}
function Dr(e, t) {
	if (Math.max(e, t) < 1e-4) return [wr(e, 1), wr(t, 1)];
	let [n, r] = [L(e), L(t)];
	if (!jr(e, t) || n !== r && !Ar(e, t)) return [n, r];
	let i = 2;
	for (; i < 4 && !kr(e, t, i);) i++;
	return [`${Or(e, i)}%`, `${Or(t, i)}%`];
}
function Or(e, t) {
	let n = F(100 * e, t);
	if (e <= 0 || e >= 1 || ![0, 100].includes(Number(n))) return n;
	let r = 10 ** -t;
	return Number(n) === 0 ? `<${F(r, t)}` : `>${F(100 - r, t)}`;
}
function kr(e, t, n) {
	let r = [Or(e, n), Or(t, n)];
	return r[0] !== r[1] && !(Ar(e, t) && r.some((e) => e.includes(">")));
}
function Ar(e, t) {
	return Math.min(e, t) > .99;
}
function jr(e, t) {
	let [n, r] = e < t ? [e, t] : [t, e];
	return r * (1 - n) > 1.1 * n * (1 - r);
}
function Mr(e) {
	let { verdict: t, size: n } = e;
	return `${n === "none" || t === "ordinary" ? "○" : "●"} ${t === null ? n : t === "ordinary" ? t : `${n} ${t}`}${e.borderline ? " ~" : ""}`;
}
var Nr = {
	" ": "·",
	"\n": "↵",
	"	": "⇥"
}, Pr = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
function R(e) {
	return [...e].map((e) => Nr[e] ?? (Pr.test(e) ? Ur(e) : e)).join("") || "''";
}
var Fr = "[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc]", Ir = RegExp(`${Fr}(?:[^\\x21-\\x7e\\u2190-\\u21ff]*${Fr})*`, "gu");
function Lr(e) {
	return e.replace(Ir, "⁨$&⁩");
}
function z(e) {
	return Lr(R(e));
}
function B(e) {
	return e ? e.fragment ?? R(e.text) : "";
}
function Rr(e) {
	let t = (e) => e.replace(/(\S+) (\d+)\/\d+/gu, (e, t, n) => n === "1" ? t : "").replaceAll(" ", "");
	return e.map(({ text: e, fragment: n }) => n == null ? e : t(n)).join("");
}
var zr = {
	" ": "space",
	"\n": "line break",
	"	": "tab"
};
function Br(e) {
	let t = zr[e[0] ?? ""];
	return t === void 0 || [...e].some((t) => t !== e[0]) ? null : e.length === 1 ? `a ${t}` : `${e.length} ${t}s`;
}
function Vr(e) {
	return Br(e) ?? R(e.trim() === "" ? e : e.trim());
}
function Hr(e, t) {
	let n = Vr(e);
	return Br(e) === null && t.some((t) => t !== e && Vr(t) === n) ? R(e) : n;
}
function Ur(e) {
	let t = (e.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
	return t.length > 4 ? `\\u{${t}}` : `\\u${t}`;
}
// src/ui/Offers.tsx
function Wr({ id: e, typed: t }) {
	let n = A(), { prompt: r, source: i, position: a } = n.followed() ?? {}, o = [...Vt(n.data.host !== "report" && r !== void 0 && t.trim() !== "" ? {
		ask: "tokens",
		prompt: r,
		source: i,
		position: a,
		text: t
	} : null)?.result?.found ?? [], ...n.explained.value?.predictions ?? []];
	return /* @__PURE__ */ M("datalist", {
		id: e,
		children: [...new Map(o.map((e) => [er(e), e.probability]))].map(([e, t]) => typeof e == "string" ? /* @__PURE__ */ M("option", {
			value: e,
			label: `${R(e)} ${L(t)}`
		}, e) : null)
	});
}
// src/ui/Field.tsx
function Gr(e) {
	let t = A(), n = Ue(), r = String(t.at[e.name].value ?? ""), i = k(r);
	Re(() => {
		i.value = r;
	}, [r]);
	let a = () => {
		if (i.value === r) return;
		let n = (e.name === "target" || e.name === "vs") && i.value === "" ? null : i.value, a = e.name === "a" || e.name === "source";
		t.set({
			[e.name]: n,
			...a ? {
				position: null,
				target: null
			} : {}
		});
	}, o = {
		value: i.value,
		placeholder: e.placeholder ?? "",
		readOnly: !e.live,
		spellcheck: !1,
		autocomplete: "off",
		onBlur: a
	};
	return e.wide ? /* @__PURE__ */ M("label", {
		class: "wide",
		children: [e.label, /* @__PURE__ */ M("textarea", {
			...o,
			rows: Math.min(4, Math.ceil(Math.max(i.value.length, 1) / 100)),
			dir: "auto",
			onInput: (e) => i.value = e.currentTarget.value,
			onKeyDown: (e) => {
				e.key !== "Enter" || e.shiftKey || (e.preventDefault(), a());
			}
		})]
	}) : /* @__PURE__ */ M("label", { children: [
		e.label,
		/* @__PURE__ */ M("input", {
			...o,
			type: "text",
			list: e.offers ? n : void 0,
			onInput: (e) => i.value = e.currentTarget.value,
			onKeyDown: (e) => e.key === "Enter" && a()
		}),
		e.offers ? /* @__PURE__ */ M(Wr, {
			id: n,
			typed: i.value === r ? "" : i.value
		}) : null
	] });
}
// src/panels/EarlierPrompts.tsx
function Kr() {
	let e = A(), { a: t, source: n } = e.state.value, r = e.earlier.list.value.filter((e) => e.a !== t || e.source !== n);
	return e.data.host === "report" || r.length === 0 ? null : /* @__PURE__ */ M("label", { children: ["Earlier", /* @__PURE__ */ M("select", {
		class: "earlier",
		value: "",
		onChange: (t) => {
			let n = r[Number(t.currentTarget.value)];
			t.currentTarget.value = "", n && e.set({
				...n,
				position: null,
				target: null
			});
		},
		children: [/* @__PURE__ */ M("option", {
			value: "",
			children: [r.length, " …"]
		}), r.map((e, t) => /* @__PURE__ */ M("option", {
			value: t,
			children: qr(e)
		}, t))]
	})] });
}
function qr({ a: e, source: t }) {
	let n = t ? `${t} → ${e}` : e;
	return n.length > 80 ? `${n.slice(0, 79)}…` : n;
}
// src/panels/Find.tsx
var Jr = [
	"compare",
	"facts",
	"continue"
];
function Yr() {
	let e = A(), t = Be(null), n = Ue(), r = k(!1), i = e.explained.value, a = Qt(), o = i ? En(a ?? i) : [], s = (n) => {
		let a = _n(n), o = a === null ? "" : i ? Tn(a, i.model) : "Nothing is explained yet.";
		r.value = a === null || o !== "", a === null ? e.said.value = `“${n}” names no part: write L23 (attention), L23.H4, L24.N1005 or L24 mlp.` : o && (e.said.value = `There is no ${P(a)}: ${o}`), a === null || o ? t.current?.select() : (Jr.includes(e.state.value.view) && e.set({ view: "parts" }), e.select(a), t.current?.blur());
	};
	return /* @__PURE__ */ M("label", {
		class: "find",
		children: [
			/* @__PURE__ */ M("span", { children: ["Find ", /* @__PURE__ */ M("kbd", { children: "/" })] }),
			/* @__PURE__ */ M("input", {
				ref: t,
				type: "search",
				"data-find": !0,
				list: n,
				placeholder: o[0] ? P(o[0]) : "part",
				"aria-invalid": r.value,
				onKeyDown: (e) => {
					e.key === "Enter" && e.currentTarget.value.trim() ? s(e.currentTarget.value.trim()) : e.key === "Escape" && e.currentTarget.blur();
				}
			}),
			/* @__PURE__ */ M("datalist", {
				id: n,
				children: o.map((e) => /* @__PURE__ */ M("option", { value: P(e) }, P(e)))
			})
		]
	});
}
// src/panels/Header.tsx
function Xr() {
	let e = A(), t = e.explained.value?.model ?? e.data.model, n = e.data.host !== "report", r = e.beside();
	return /* @__PURE__ */ M("header", {
		class: "top",
		children: [/* @__PURE__ */ M("div", {
			class: "title",
			children: [
				/* @__PURE__ */ M("h1", { children: "unembed" }),
				t ? /* @__PURE__ */ M("p", {
					class: "model",
					title: `${t.layers} layers × ${t.heads} heads`,
					children: [
						t.name,
						" · ",
						t.dtype,
						" · ",
						t.device
					]
				}) : null,
				/* @__PURE__ */ M("form", {
					class: "fields",
					onSubmit: (e) => e.preventDefault(),
					children: [
						e.reads() === "text" ? /* @__PURE__ */ M(Gr, {
							name: "source",
							label: "Source",
							wide: !0,
							live: n
						}) : null,
						/* @__PURE__ */ M(Gr, {
							name: "a",
							label: r === "source" ? "Decoder's prompt" : "Prompt",
							wide: !0,
							live: n
						}),
						/* @__PURE__ */ M(Kr, {})
					]
				}),
				/* @__PURE__ */ M(Yr, {}),
				/* @__PURE__ */ M(ei, {}),
				e.data.host === "page" ? /* @__PURE__ */ M(ni, {}) : null,
				/* @__PURE__ */ M("button", {
					type: "button",
					"aria-label": "Keys",
					title: "Keys",
					onClick: () => e.helpOpen.value = !0,
					children: "?"
				})
			]
		}), /* @__PURE__ */ M("div", {
			class: "bar-of-views",
			children: [/* @__PURE__ */ M(Qr, {}), /* @__PURE__ */ M($r, { live: n })]
		})]
	});
}
var Zr = {
	why: "Why",
	parts: "Parts",
	graph: "Graph",
	tests: "Tests",
	compare: "Compare",
	facts: "Facts",
	continue: "Continue"
};
function Qr() {
	let e = A(), t = e.state.value;
	return /* @__PURE__ */ M("nav", {
		"aria-label": "Views",
		children: Yn.map((n) => /* @__PURE__ */ M("a", {
			href: Zn({
				...t,
				view: n
			}) || "#",
			"aria-current": n === t.view ? "page" : void 0,
			onClick: (t) => {
				t.ctrlKey || t.metaKey || t.shiftKey || (t.preventDefault(), e.go(n));
			},
			children: [Zr[n], n === "tests" && t.pins.length > 0 ? /* @__PURE__ */ M("span", {
				class: "small",
				children: [" ", t.pins.length]
			}) : null]
		}, n))
	});
}
function $r({ live: e }) {
	let t = A(), n = t.state.value;
	return /* @__PURE__ */ M("details", {
		class: "options",
		open: n.target !== null || n.vs !== null || n.reference !== "mean",
		children: [/* @__PURE__ */ M("summary", { children: "Another token or reference" }), /* @__PURE__ */ M("form", {
			class: "fields",
			onSubmit: (e) => e.preventDefault(),
			children: [
				/* @__PURE__ */ M(Gr, {
					name: "target",
					label: "Target",
					placeholder: "top prediction",
					live: e,
					offers: !0
				}),
				/* @__PURE__ */ M(Gr, {
					name: "vs",
					label: "Versus",
					placeholder: "none",
					live: e,
					offers: !0
				}),
				/* @__PURE__ */ M("label", { children: ["Reference", /* @__PURE__ */ M("select", {
					value: n.vs === null ? n.reference : "vs",
					disabled: !e || n.vs !== null,
					onChange: (e) => t.set({ reference: e.currentTarget.value }),
					children: [
						/* @__PURE__ */ M("option", {
							value: "mean",
							children: "above vocabulary mean"
						}),
						/* @__PURE__ */ M("option", {
							value: "raw",
							children: "raw logit"
						}),
						n.vs === null ? null : /* @__PURE__ */ M("option", {
							value: "vs",
							children: "minus the versus token"
						})
					]
				})] })
			]
		})]
	});
}
function ei() {
	let e = A();
	return e.data.host === "page" ? /* @__PURE__ */ M("button", {
		type: "button",
		onClick: async () => {
			try {
				await navigator.clipboard.writeText(location.href), e.said.value = "The link to this view is copied.";
			} catch {
				e.said.value = "The browser does not let a page copy here: take the link from its address bar.";
			}
		},
		children: "Copy link"
	}) : null;
}
function ti(e) {
	return ar(e) ? `The server at ${location.origin} does not answer.` : e instanceof Error ? e.message : String(e);
}
function ni() {
	let e = A(), t = k(null), n = async () => {
		t.value = null;
		let n = await or("/report", {
			state: e.state.value,
			results: e.desk.shown(e.state.value.a, e.state.value.b)
		}, e.data.token);
		n.ok ? yr("unembed-report.html", await n.blob(), "text/html") : t.value = await sr(n);
	};
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("button", {
		type: "button",
		onClick: () => n().catch((e) => t.value = ti(e)),
		disabled: !e.explained.value,
		children: "Save report"
	}), t.value ? /* @__PURE__ */ M("p", {
		class: "error",
		role: "alert",
		children: t.value
	}) : null] });
}
// src/panels/Help.tsx
var ri = [
	["↑ ↓", "in the ledger: from row to row; in a grid: over the cells"],
	["→ ←", "in the ledger: open and close a row; in the tokens: from token to token"],
	["Enter", "choose what has the focus"],
	["t", "test the selected part: zero, then mean, then none"],
	["p", "pin the test of the selected part"],
	["/", "find a part by name"],
	["Escape", "select nothing; close this"],
	["?", "show the keys"]
];
function ii() {
	let e = A(), t = Be(null), n = e.helpOpen.value;
	return Re(() => {
		n && !t.current?.open && t.current?.showModal(), n || t.current?.close();
	}, [n]), /* @__PURE__ */ M("dialog", {
		ref: t,
		"aria-labelledby": "unembed-keys",
		onClose: () => e.helpOpen.value = !1,
		children: [
			/* @__PURE__ */ M("h2", {
				id: "unembed-keys",
				children: "Keys"
			}),
			/* @__PURE__ */ M("table", { children: /* @__PURE__ */ M("tbody", { children: ri.map(([e, t]) => /* @__PURE__ */ M("tr", { children: [/* @__PURE__ */ M("th", {
				scope: "row",
				children: /* @__PURE__ */ M("kbd", { children: e })
			}), /* @__PURE__ */ M("td", { children: t })] }, e)) }) }),
			/* @__PURE__ */ M("p", {
				class: "controls",
				children: [/* @__PURE__ */ M("button", {
					type: "button",
					onClick: () => e.helpOpen.value = !1,
					children: "Close"
				}), /* @__PURE__ */ M("button", {
					type: "button",
					onClick: () => {
						e.helpOpen.value = !1, e.glossary.value = "ledger";
					},
					children: "Glossary"
				})]
			})
		]
	});
}
// src/panels/Lost.tsx
var [ai, oi] = ["smollm2-135m", "8731"];
function si() {
	let e = A();
	if (!e.desk.lost.value) return null;
	let [t, n] = [e.at.a.value, e.data.model?.name ?? ai], r = location.port && location.port !== oi ? ` --port ${location.port}` : "";
	return /* @__PURE__ */ M("div", {
		class: "panel lost",
		role: "alert",
		children: [/* @__PURE__ */ M("p", { children: [
			/* @__PURE__ */ M("strong", { children: [
				"The server at ",
				location.origin,
				" does not answer."
			] }),
			" What is shown stays. Start it again with",
			" ",
			/* @__PURE__ */ M("code", { children: [
				"unembed open ",
				ci(t),
				n === ai ? "" : ` --model ${ci(n)}`,
				r
			] }),
			", and try again here. If it was only busy or out of reach, try again at once."
		] }), /* @__PURE__ */ M("button", {
			type: "button",
			onClick: () => e.desk.retry(),
			children: "Try again"
		})]
	});
}
function ci(e) {
	return `'${e.replaceAll("'", "'\\''")}'`;
}
// src/panels/Start.tsx
var li = [
	["A fact", "The capital of France is"],
	["Who did what", "When Mary and John went to the store, John gave a drink to"],
	["A pattern", "one two three four five six one two three four"]
];
function ui() {
	let e = A(), t = e.beside();
	return /* @__PURE__ */ M("main", {
		class: "start",
		children: [
			/* @__PURE__ */ M("h2", { children: "Why did the model say that?" }),
			/* @__PURE__ */ M("p", { children: [
				"Type a ",
				t,
				" above and press Enter. You see what the model says next, which words it needs for that, and which of its parts carried it. What a word or part does is found by running the model again without it."
			] }),
			t === "prompt" && !e.data.model?.bidirectional && e.data.host !== "report" ? /* @__PURE__ */ M("ul", { children: li.map(([t, n]) => /* @__PURE__ */ M("li", { children: /* @__PURE__ */ M("button", {
				type: "button",
				onClick: () => e.set({ a: n }),
				children: [
					/* @__PURE__ */ M("span", {
						class: "small",
						children: t
					}),
					" ",
					n
				]
			}) }, t)) }) : null
		]
	});
}
// src/lib/study.ts
function di(e, t) {
	return typeof t == "number" ? e.about[t] ?? null : e[t];
}
function fi(e, t) {
	let n = t.toLowerCase().split(/\s+/).filter(Boolean);
	return n.length === 0 ? [...e] : e.filter((e) => {
		let t = [
			e.prompt,
			e.target,
			e.versus,
			e.error,
			...e.about
		].join("\n").toLowerCase();
		return n.every((e) => t.includes(e));
	});
}
function pi(e, { column: t, falling: n }) {
	let r = n ? -1 : 1;
	return [...e].sort((e, n) => {
		let [i, a] = [di(e, t), di(n, t)];
		return i === null || a === null ? Number(i === null) - Number(a === null) : r * (typeof i == "number" && typeof a == "number" ? i - a : String(i).localeCompare(String(a)));
	});
}
function mi(e, t) {
	let n = /* @__PURE__ */ new Map();
	for (let r of e) {
		let e = t === null ? null : String(di(r, t) ?? "none"), i = n.get(e);
		i ? i.push(r) : n.set(e, [r]);
	}
	return [...n].map(([e, t]) => {
		let n = t.flatMap(({ probability: e }) => e === null ? [] : [e]), r = n.reduce((e, t) => e + t, 0);
		return {
			value: e,
			prompts: t,
			well: n.length,
			mean: n.length ? r / n.length : null
		};
	});
}
function hi(e) {
	return /^\[\s*\d+(\s*,\s*\d+)*\s*\]$/.test(e);
}
// src/ui/Table.tsx
function gi(e) {
	return /* @__PURE__ */ M("section", {
		class: "scroll",
		tabIndex: 0,
		"aria-label": e.label,
		children: e.children
	});
}
function _i(e) {
	let t = A(), n = vi();
	return /* @__PURE__ */ M("details", {
		class: "twin",
		ref: n.ref,
		onToggle: n.toggle,
		children: [/* @__PURE__ */ M("summary", { children: ["Table: ", e.label] }), n.open || t.data.host === "report" ? /* @__PURE__ */ M(gi, {
			label: `Table: ${e.label}`,
			children: /* @__PURE__ */ M("table", { children: [/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: e.head.map((e, t) => /* @__PURE__ */ M("th", {
				scope: "col",
				children: e
			}, t)) }) }), /* @__PURE__ */ M("tbody", { children: e.rows().map((e, t) => /* @__PURE__ */ M("tr", { children: e.map((e, t) => /* @__PURE__ */ M("td", { children: e }, t)) }, t)) })] })
		}) : null]
	});
}
function vi() {
	let e = k(!1), t = Be(null);
	return {
		ref: t,
		get open() {
			return e.value;
		},
		toggle: () => {
			e.value = t.current?.open ?? !1;
		}
	};
}
// src/panels/Study.tsx
var yi = 200;
function bi({ study: e }) {
	let t = k(""), n = k({
		column: "row",
		falling: !1
	}), r = k(null), i = fi(e.prompts, t.value), a = mi(pi(i, n.value), r.value), o = e.answered - e.prompts.length;
	return /* @__PURE__ */ M("main", {
		class: "study",
		children: [
			/* @__PURE__ */ M("h2", { children: [
				e.do,
				" over ",
				e.answered.toLocaleString("en"),
				" prompts"
			] }),
			/* @__PURE__ */ M("p", {
				class: "dim",
				children: [
					"The study in ",
					e.folder,
					".",
					e.answered < e.rows ? ` ${e.rows - e.answered} more rows are still to be asked.` : "",
					e.failures ? ` ${e.failures} have an error.` : "",
					o > 0 ? ` The first ${e.prompts.length.toLocaleString("en")} are listed.` : "",
					" What matters over all of them: ",
					/* @__PURE__ */ M("code", { children: "unembed report" }),
					"."
				]
			}),
			/* @__PURE__ */ M("div", {
				class: "fields",
				children: [
					/* @__PURE__ */ M("label", { children: [
						"Filter",
						" ",
						/* @__PURE__ */ M("input", {
							type: "search",
							value: t.value,
							onInput: (e) => t.value = e.currentTarget.value
						})
					] }),
					e.columns.length > 0 ? /* @__PURE__ */ M("label", { children: [
						"Group by",
						" ",
						/* @__PURE__ */ M("select", {
							value: r.value ?? "",
							onChange: (e) => {
								let t = e.currentTarget.value;
								r.value = t === "" ? null : Number(t);
							},
							children: [/* @__PURE__ */ M("option", {
								value: "",
								children: "nothing"
							}), e.columns.map((e, t) => /* @__PURE__ */ M("option", {
								value: t,
								children: e
							}, e))]
						})
					] }) : null,
					/* @__PURE__ */ M("span", {
						class: "dim",
						role: "status",
						children: [i.length.toLocaleString("en"), " prompts"]
					})
				]
			}),
			/* @__PURE__ */ M(xi, {
				groups: a,
				columns: e.columns,
				order: n.value,
				sort: (e) => n.value = e
			})
		]
	});
}
function xi({ groups: e, columns: t, order: n, sort: r }) {
	let i = k(yi), a = e.reduce((e, { prompts: t }) => e + t.length, 0), o = [
		["row", "row"],
		["prompt", "prompt"],
		["target", "asked about"],
		["probability", "probability"],
		...t.map((e, t) => [t, e]),
		["error", "error"]
	], s = i.value;
	return /* @__PURE__ */ M(gi, {
		label: "The prompts of the study",
		children: [/* @__PURE__ */ M("table", { children: [/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: o.map(([e, t]) => /* @__PURE__ */ M(Si, {
			column: e,
			name: t,
			order: n,
			sort: r
		}, e)) }) }), e.map(({ value: e, prompts: n, well: r, mean: i }) => {
			let a = n.slice(0, Math.max(0, s));
			return s -= a.length, a.length === 0 ? null : /* @__PURE__ */ M("tbody", { children: [e === null ? null : /* @__PURE__ */ M("tr", {
				class: "group",
				children: /* @__PURE__ */ M("th", {
					colSpan: o.length,
					scope: "rowgroup",
					children: [
						e,
						": ",
						n.length.toLocaleString("en"),
						" prompts",
						i === null ? "" : `, mean probability ${L(i)} of the ${r} that went well`
					]
				})
			}), a.map((e) => /* @__PURE__ */ M(Ci, {
				prompt: e,
				columns: t
			}, e.row))] }, e);
		})] }), a > i.value ? /* @__PURE__ */ M("button", {
			type: "button",
			onClick: () => i.value += yi,
			children: ["Show more of ", a.toLocaleString("en")]
		}) : null]
	});
}
function Si({ column: e, name: t, order: n, sort: r }) {
	let i = n.column === e;
	return /* @__PURE__ */ M("th", {
		scope: "col",
		"aria-sort": i ? n.falling ? "descending" : "ascending" : "none",
		children: /* @__PURE__ */ M("button", {
			type: "button",
			class: "plain",
			onClick: () => r({
				column: e,
				falling: i && !n.falling
			}),
			children: [t, i ? n.falling ? " ↓" : " ↑" : ""]
		})
	});
}
function Ci({ prompt: e, columns: t }) {
	return /* @__PURE__ */ M("tr", { children: [
		/* @__PURE__ */ M("td", {
			class: "number",
			children: e.row
		}),
		/* @__PURE__ */ M("th", {
			scope: "row",
			children: /* @__PURE__ */ M(wi, { prompt: e })
		}),
		/* @__PURE__ */ M("td", { children: [e.target, e.versus === null ? "" : ` against ${e.versus}`] }),
		/* @__PURE__ */ M("td", {
			class: "number",
			children: e.probability === null ? "" : L(e.probability)
		}),
		t.map((t, n) => /* @__PURE__ */ M("td", { children: di(e, n)?.toString() }, t)),
		/* @__PURE__ */ M("td", { children: e.error })
	] });
}
function wi({ prompt: e }) {
	let t = A();
	if (e.prompt === "" || hi(e.prompt)) return /* @__PURE__ */ M(x, { children: e.prompt });
	let { prompt: n, target_id: r, versus: i } = e;
	return /* @__PURE__ */ M("button", {
		type: "button",
		class: "plain",
		onClick: () => t.set({
			a: n,
			target: r,
			vs: i,
			view: "why",
			position: null
		}),
		children: n
	});
}
function Ti() {
	let e = A();
	return e.data.study ? /* @__PURE__ */ M("p", {
		class: "back",
		children: /* @__PURE__ */ M("button", {
			type: "button",
			onClick: () => e.set({
				a: "",
				target: null,
				vs: null,
				view: "why",
				position: null
			}),
			children: "← All prompts of the study"
		})
	}) : null;
}
// src/ui/Status.tsx
function V(e) {
	let t = A(), n = e.answer;
	return !n || n.result ? null : n.error && t.data.host === "report" ? /* @__PURE__ */ M("p", {
		class: "note",
		children: n.error
	}) : n.error ? /* @__PURE__ */ M("p", {
		class: "error",
		role: "alert",
		children: n.error
	}) : t.desk.lost.value ? /* @__PURE__ */ M("p", {
		class: "note",
		children: "Waits for the server."
	}) : /* @__PURE__ */ M("p", {
		class: "progress",
		children: [
			/* @__PURE__ */ M("progress", {
				value: n.fraction,
				max: 1,
				"aria-label": n.stage
			}),
			" ",
			n.stage
		]
	});
}
// src/ui/Toast.tsx
var Ei = 7e3;
function Di() {
	let e = A(), t = e.said.value;
	return Re(() => {
		let t = setTimeout(() => {
			e.said.value = "";
		}, Ei);
		return () => clearTimeout(t);
	}, [t]), /* @__PURE__ */ M("p", {
		class: "toast",
		role: "status",
		children: t
	});
}
function Oi(e, t) {
	let n = k(0), r = Be(""), i = `${e} ${t}`;
	return r.current !== i && (r.current = i, (e < n.value || e >= n.value + 128) && (n.value = Math.max(0, e - 128 + 1))), n;
}
function ki(e, t, n) {
	return e >= t && e < t + 128 ? t : Math.min(Math.max(0, e - 64), Math.max(0, n - 128));
}
// src/lib/colours.ts
var Ai = [
	[
		84,
		39,
		136
	],
	[
		128,
		115,
		172
	],
	[
		178,
		171,
		210
	],
	[
		247,
		247,
		247
	],
	[
		253,
		184,
		99
	],
	[
		224,
		130,
		20
	],
	[
		179,
		88,
		6
	]
], ji = [
	[
		203,
		196,
		235
	],
	[
		146,
		133,
		194
	],
	[
		88,
		72,
		130
	],
	[
		44,
		44,
		42
	],
	[
		128,
		76,
		20
	],
	[
		214,
		132,
		44
	],
	[
		254,
		206,
		148
	]
], Mi = [
	[
		0,
		32,
		77
	],
	[
		49,
		68,
		107
	],
	[
		102,
		105,
		112
	],
	[
		149,
		143,
		120
	],
	[
		203,
		186,
		105
	],
	[
		255,
		234,
		70
	]
], Ni = O(!1);
if (typeof matchMedia < "u") {
	let e = matchMedia("(prefers-color-scheme: dark)");
	Ni.value = e.matches, e.addEventListener("change", () => {
		Ni.value = e.matches;
	});
}
function Pi(e, t) {
	let n = Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), 1) * (e.length - 1), r = e[Math.floor(n)], i = e[Math.ceil(n)], a = n - Math.floor(n);
	return [
		0,
		1,
		2
	].map((e) => {
		let [t, n] = [r[e], i[e]];
		return Math.round(t + (n - t) * a);
	});
}
function Fi(e, t, n = Ni.value) {
	return Ri(Pi(n ? ji : Ai, .5 + (t > 0 ? e / t : 0) / 2));
}
function Ii(e) {
	return Ri(Pi(Mi, e));
}
function Li(e) {
	let [t = 0, n = 0, r = 0] = (e.match(/\d+/g) ?? []).map((e) => {
		let t = Number(e) / 255;
		return t <= .04045 ? t / 12.92 : ((t + .055) / 1.055) ** 2.4;
	});
	return .2126 * t + .7152 * n + .0722 * r > .179 ? "#000" : "#fff";
}
function Ri([e, t, n]) {
	return `rgb(${e},${t},${n})`;
}
// src/lib/figure/svg.ts
var H = Ui(85) - 8, U = Ui(170) - 8, zi = "#1b1b1a", W = "#55554f", Bi = "#c9c9c4", Vi = "#b35806", Hi = "#542788", G = 6.5;
function Ui(e) {
	return e * 72 / 25.4;
}
function Wi(e, t, n = "") {
	let r = Object.entries(t).filter(([, e]) => e !== void 0).map(([e, t]) => ` ${e}="${typeof t == "number" ? Gi(t) : Ji(String(t))}"`).join("");
	return n === "" ? `<${e}${r}/>` : `<${e}${r}>${n}</${e}>`;
}
function Gi(e) {
	return Number.isFinite(e) ? String(Math.round(e * 1e3) / 1e3 + 0) : "0";
}
var Ki = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	"\"": "&quot;",
	"'": "&#39;"
}, qi = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
function Ji(e) {
	return e.replace(qi, "�").replace(/[&<>"']/g, (e) => Ki[e] ?? "");
}
function K(e, t, n, r = {}) {
	let { size: i = 8, fill: a = zi, bold: o = !1, anchor: s = "start", turn: c = 0 } = r;
	return Wi("text", {
		x: e,
		y: t,
		"font-size": i,
		fill: a,
		"font-weight": o ? "bold" : void 0,
		"text-anchor": s === "start" ? void 0 : s,
		transform: c === 0 ? void 0 : `rotate(${c} ${Gi(e)} ${Gi(t)})`
	}, Yi(n));
}
function Yi(e) {
	return Xi.test(e) ? `\u2068${Ji(e)}\u2069` : Ji(e);
}
var Xi = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
function Zi(e) {
	let t = /\p{L}/u.exec(e);
	return t !== null && Xi.test(t[0]);
}
function Qi(e, t, n, r, i = {}) {
	return Wi("rect", {
		x: e,
		y: t,
		width: Math.max(n, 0),
		height: Math.max(r, 0),
		...i
	});
}
function $i(e, t, n, r, i = {}) {
	return Wi("line", {
		x1: e,
		y1: t,
		x2: n,
		y2: r,
		stroke: Bi,
		"stroke-width": .5,
		...i
	});
}
function ea(e, t, n) {
	return Wi("g", { transform: `translate(${Gi(e)} ${Gi(t)})` }, n);
}
function ta(e, t, n, r, i) {
	let a = Qi(e, t, n, r, { fill: i ? Hi : Vi });
	return i ? a + Qi(e, t, n, r, { fill: "url(#hatched)" }) : a;
}
var na = Wi("defs", {}, Wi("pattern", {
	id: "hatched",
	width: 3,
	height: 3,
	patternUnits: "userSpaceOnUse",
	patternTransform: "rotate(45)"
}, Qi(0, 0, 1.1, 3, { fill: "#fff" }))), ra = [
	278,
	278,
	355,
	556,
	556,
	889,
	667,
	191,
	333,
	333,
	389,
	584,
	278,
	333,
	278,
	278,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	556,
	278,
	278,
	584,
	584,
	584,
	556,
	1015,
	667,
	667,
	722,
	722,
	667,
	611,
	778,
	722,
	278,
	500,
	667,
	556,
	833,
	722,
	778,
	667,
	778,
	722,
	667,
	611,
	722,
	667,
	944,
	667,
	667,
	611,
	278,
	278,
	278,
	469,
	556,
	333,
	556,
	556,
	500,
	556,
	556,
	278,
	556,
	556,
	222,
	222,
	500,
	222,
	833,
	556,
	556,
	556,
	556,
	333,
	500,
	278,
	556,
	500,
	722,
	500,
	500,
	500,
	334,
	260,
	334,
	584
], ia = [
	[/\p{M}|[\u200b-\u200f\u2060-\u2069]/u, 0],
	[/[\u00b7\u2018\u2019]/, .3],
	[/[\u201c\u201d]/, .36],
	[/[\u2190-\u21ff\u2026]/, 1],
	[/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uff60\u{1f000}-\u{3ffff}]/u, 1.05]
], aa = .62, oa = 1.02;
function q(e, t = 8, n = !1) {
	return [...e].reduce((e, t) => e + sa(t), 0) * t * oa * (n ? 1.07 : 1);
}
function sa(e) {
	let t = ra[(e.codePointAt(0) ?? 0) - 32];
	return t === void 0 ? ia.find(([t]) => t.test(e))?.[1] ?? aa : t / 1e3;
}
function ca(e, t, n = 8) {
	if (q(e, n) <= t) return e;
	let r = [...e];
	for (; r.length > 1 && q(`${r.join("")}…`, n) > t;) r.pop();
	return `${r.join("")}…`;
}
function la(e, t, n = 8) {
	let r = [], i = "";
	for (let a of e.split(" ").flatMap((e) => ua(e, t, n))) {
		let e = i === "" ? a : `${i} ${a}`;
		i !== "" && q(e, n) > t ? (r.push(i), i = a) : i = e;
	}
	return i === "" ? r : [...r, i];
}
function ua(e, t, n) {
	let r = [""];
	for (let i of e) {
		let e = r.at(-1) + i;
		q(e, n) > t && r.at(-1) !== "" ? r.push(i) : r[r.length - 1] = e;
	}
	return r;
}
// src/lib/figure/figure.ts
var da = 8, fa = 12, pa = 160;
function J(e, t, n) {
	let r = 4, i = [...t, _a(e, n)].map((e) => {
		let t = ea(4, r, e.body);
		return r += e.height + da, t;
	}), a = {
		width: e + 8,
		height: r - da + 4
	}, o = Qi(0, 0, a.width, a.height, { fill: "#fff" });
	return {
		svg: `<?xml version="1.0" encoding="UTF-8"?>\n${Wi("svg", {
			xmlns: "http://www.w3.org/2000/svg",
			width: `${ma(a.width)}mm`,
			height: `${ma(a.height)}mm`,
			viewBox: `0 0 ${Gi(a.width)} ${Gi(a.height)}`,
			"font-family": "Helvetica, Arial, sans-serif"
		}, [
			Wi("title", {}, Ji(n.shows)),
			na,
			o,
			...i
		].join("\n"))}\n`,
		...a
	};
}
function ma(e) {
	return Gi(e * 25.4 / 72);
}
var ha = {
	size: 7,
	step: 8.6
}, ga = {
	size: 6,
	step: 7.6
};
function _a(e, t) {
	let n = la(t.shows, e, ha.size), r = la(va(t), e, ga.size), i = [...n.map((e, t) => K(0, ha.step * (t + .8), e, { size: ha.size })), ...r.map((e, t) => K(0, ha.step * n.length + 2 + ga.step * (t + .8), e, {
		size: ga.size,
		fill: W
	}))];
	return {
		height: ha.step * n.length + 2 + ga.step * r.length,
		body: i.join("\n")
	};
}
function va({ made: e, asked: t, about: n }) {
	let { model: r, versions: i } = e, a = r.weights_sha256, o = [
		r.name,
		r.dtype,
		a ? `weights SHA-256 ${a.slice(0, fa)}` : "weights of a module in memory",
		...r.edits?.length ? [`edited: ${r.edits.map(ba).join("; ")}`] : [],
		i.unembed ? `unembed ${i.unembed}` : "unembed"
	], s = [
		t.source ? `Source: “${xa(t.source)}”.` : "",
		`Prompt${t.beside === void 0 ? "" : " A"}: “${xa(t.prompt)}”.`,
		t.beside === void 0 ? "" : `Prompt B: “${xa(t.beside)}”.`
	];
	return [
		`${ba(o.join(", "))}.`,
		...s,
		n ?? ""
	].filter(Boolean).join(" ");
}
var ya = /* @__PURE__ */ new Set([
	"‌",
	"‍",
	"︎",
	"️"
]);
function ba(e) {
	return [...e].map((e) => e === " " || ya.has(e) ? e : R(e)).join("");
}
function xa(e) {
	let t = [...ba(e)], n = Math.floor(pa / 2);
	return t.length <= pa ? t.join("") : `${t.slice(0, n).join("")} … ${t.slice(-80).join("")}`;
}
// src/lib/figure/map.ts
var Sa = 22, Ca = 5.6;
function wa(e, t) {
	let n = Array.from({ length: t.rows }, (e, n) => ca(t.rowName(n), 60, G)), r = 14 + Math.max(0, ...n.map((e) => q(e, G))), i = Math.min((e - r) / Math.max(t.columns, 1), 64), a = t.words !== void 0 && i >= Sa, o = t.square ? Math.min(i, 26) : a ? 10 : Math.min(Math.max(i, 4), 9), s = t.square ? o : i, c = Array.from({ length: t.rows }, (e, n) => Array.from({ length: t.columns }, (e, i) => Ta(t, i, n, [
		r + i * s,
		n * o,
		s,
		o
	], a)).join("")), l = t.rows * o, u = Ea(t, r, s, l), d = r + t.columns * s / 2, f = l + u.height + 9, p = ka(t.legend, Math.min(r + t.columns * s, e)), m = Math.ceil(8 / o), h = n.map((e, n) => (t.rows - 1 - n) % m == 0 ? K(r - 3, (n + .5) * o + 2.3, e, {
		size: G,
		anchor: "end"
	}) : ""), g = [
		...c,
		...h,
		u.body,
		K(6, l / 2, t.rowLabel, {
			size: G + .5,
			anchor: "middle",
			turn: -90
		}),
		K(d, f, t.columnLabel, {
			size: G + .5,
			anchor: "middle"
		}),
		`<g transform="translate(0 ${f + 6})">${p.body}</g>`
	];
	return {
		height: f + 6 + p.height,
		body: g.join("\n")
	};
}
function Ta(e, t, n, r, i) {
	let a = e.colour(t, n);
	if (a === null) return "";
	let [o, s, c, l] = r, u = c > 8 ? .4 : 0, d = [c - u, l - u], f = [Qi(o, s, ...d, { fill: a })];
	if (e.negative?.(t, n) && f.push(Qi(o, s, ...d, {
		fill: "url(#hatched)",
		"fill-opacity": .6
	})), i && e.words) {
		let r = ca(e.words(t, n), c - 3, Ca);
		f.push(K(o + d[0] / 2, s + l / 2 + 2, r, {
			size: Ca,
			anchor: "middle",
			fill: Li(a)
		}));
	}
	return f.join("");
}
function Ea(e, t, n, r) {
	let i = Array.from({ length: e.columns }, (t, n) => ca(e.columnName(n), 60, G)), a = Math.max(0, ...i.map((e) => q(e, G))), o = Math.ceil(7.5 / n), s = a < n - 2, c = i.map((e, i) => {
		if (i % o !== 0) return "";
		let a = t + (i + .5) * n;
		return s ? K(a, r + 8, e, {
			size: G,
			anchor: "middle"
		}) : K(a + 2, r + 6, e, {
			size: G,
			anchor: "end",
			turn: -45
		});
	});
	return {
		height: s ? 9 : 6 + a * .72,
		body: c.join("")
	};
}
var Da = 48, Oa = 6;
function ka(e, t) {
	let n = q(e.label, G), r = Math.min(120, Math.max(60, t - n - 12)), i = Math.max(0, t - r), a = r / Da, o = Array.from({ length: Da }, (t, n) => Qi(i + n * a, 0, a + .3, Oa, { fill: e.colour((n + .5) / Da) })), s = i > n + 4, c = [
		...o,
		Qi(i, 0, r, Oa, {
			fill: "none",
			stroke: Bi,
			"stroke-width": .5
		}),
		K(i, 13.5, e.low, {
			size: G,
			fill: W
		}),
		e.middle ? K(i + r / 2, 13.5, e.middle, {
			size: G,
			fill: W,
			anchor: "middle"
		}) : "",
		K(i + r, 13.5, e.high, {
			size: G,
			fill: W,
			anchor: "end"
		}),
		s ? K(i - 5, 5.5, e.label, {
			size: G,
			anchor: "end",
			fill: zi
		}) : K(i + r, 21.5, e.label, {
			size: G,
			anchor: "end",
			fill: zi
		})
	];
	return {
		height: Oa + (s ? 9 : 17),
		body: c.join("")
	};
}
// src/lib/figure/said.ts
function Y(e) {
	return R(e.trim() === "" ? e : e.trim());
}
function Aa(e) {
	return e?.fragment ?? Y(e?.text ?? "");
}
function ja(e) {
	return `Target: “${Y(e.text)}” (${L(e.probability)}).`;
}
function Ma(e, t) {
	let n = `“${Y(e.text)}”`;
	return t.kind === "versus" ? `the logit of ${n} minus that of “${Y(t.text ?? "")}”` : t.kind === "mean" ? `the logit of ${n} above the mean of the vocabulary` : `the raw logit of ${n}`;
}
function Na(e) {
	return e === null ? "emb" : `L${e}`;
}
// src/lib/figure/maps.ts
var Pa = {
	rank: "rank of the target",
	probability: "probability of the target",
	top: "probability of the top token"
};
function Fa(e, t, n) {
	return t === "rank" ? 1 - Math.log(e.rank) / Math.log(n) : t === "probability" ? e.probability : e.top_probability[0] ?? 0;
}
function Ia(e, t, n, r, i) {
	let { layers: a, positions: o, at: s } = Ba(za(e.cells, r)), c = e.model.vocab, l = wa(o.length > 6 ? U : H, {
		columns: o.length,
		rows: a.length,
		colour: (e, t) => {
			let r = s(e, t);
			return r ? Ii(Fa(r, n, c)) : null;
		},
		words: (e, t) => R(s(e, t)?.top[0]?.text ?? ""),
		columnName: (t) => B(e.tokens[o[t] ?? -1]),
		rowName: (e) => Na(a[e] ?? null),
		columnLabel: "token",
		rowLabel: "layer",
		legend: La(n, c)
	});
	return J(o.length > 6 ? U : H, [l], {
		shows: `Logit lens: what the stream would predict after each layer at each token; each cell that has room holds its top token. Colour: ${Pa[n]}, “${Y(t.text)}”.${Ra(r, e.tokens.length)}`,
		made: e,
		asked: i,
		about: ja(t)
	});
}
function La(e, t) {
	return {
		label: e === "rank" ? `${Pa.rank} (log)` : Pa[e],
		colour: Ii,
		...e === "rank" ? {
			low: t.toLocaleString("en"),
			high: "1"
		} : {
			low: "0",
			high: "1"
		}
	};
}
function Ra({ start: e, size: t }, n) {
	return t >= n ? "" : ` Tokens ${e} to ${Math.min(e + t, n) - 1} of ${n}.`;
}
function za(e, { start: t, size: n }) {
	return e.filter(({ position: e }) => (e ?? 0) >= t && (e ?? 0) < t + n);
}
function Ba(e) {
	let t = [...new Set(e.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), n = [...new Set(e.map((e) => e.position ?? 0))].sort((e, t) => e - t), r = new Map(e.map((e) => [`${e.layer} ${e.position ?? 0}`, e]));
	return {
		layers: t,
		positions: n,
		at: (e, i) => r.get(`${t[i] ?? null} ${n[e]}`)
	};
}
function Va(e, t) {
	return {
		head: [
			"layer",
			"position",
			"token",
			"top_token",
			"top_probability",
			"target",
			"rank",
			"probability",
			"kl_nats"
		],
		rows: za(e.cells, t).map((t) => [
			Na(t.layer),
			t.position,
			e.tokens[t.position]?.text ?? null,
			t.top[0]?.text ?? null,
			t.top_probability[0] ?? null,
			e.targets.find((e) => e.position === t.position)?.text ?? null,
			t.rank,
			t.probability,
			t.kl
		])
	};
}
function Ha(e) {
	let [t] = e.heads;
	return t?.cross || t?.encoder ? (e.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : e.tokens;
}
function Ua(e, t, n) {
	let [r] = e.heads, { matrix: i } = e, a = Ha(e), o = r?.encoder || (e.model.bidirectional ?? !1), s = Math.min(t.size, a.length - t.start), c = (e) => B(a[t.start + e]), l = (e, n) => i?.[t.start + e]?.[t.start + n] ?? 0, u = wa(H, {
		columns: s,
		rows: s,
		square: !0,
		colour: (e, t) => e > t && !o ? null : Ii(l(t, e)),
		words: (e, t) => F(l(t, e)),
		columnName: c,
		rowName: c,
		columnLabel: "to (key)",
		rowLabel: "from (query)",
		legend: {
			label: "attention",
			colour: Ii,
			low: "0",
			high: "1"
		}
	}), d = r ? P(N(r)) : "the head";
	return J(H, [u], {
		shows: `Attention pattern of ${d}: the share of its attention from each token (rows, each coming to 1) to each token (columns).${Ra(t, a.length)}`,
		made: e,
		asked: n,
		about: ja(e.target)
	});
}
function Wa(e, t) {
	let [n] = e.heads, r = Ha(e), i = n?.encoder || (e.model.bidirectional ?? !1), a = r.slice(t.start, t.start + t.size), o = n ? P(N(n)) : "";
	return {
		head: [
			"head",
			"from_position",
			"from_token",
			"to_position",
			"to_token",
			"attention",
			"norm_written"
		],
		rows: a.flatMap((t) => a.filter((e) => i || e.position <= t.position).map((n) => {
			let r = e.matrix?.[t.position]?.[n.position] ?? null, i = e.norms?.[n.position] ?? null, a = r === null || i === null ? null : r * i;
			return [
				o,
				t.position,
				t.text,
				n.position,
				n.text,
				r,
				a
			];
		}))
	};
}
function Ga(e, t) {
	return {
		head: [
			"head",
			"position",
			"token",
			"attention",
			"gives_logits"
		],
		rows: e.heads.flatMap((n) => Ha(e).slice(t.start, t.start + t.size).filter(({ position: e }) => e < n.pattern.length).map(({ position: e, text: t }) => [
			P(N(n)),
			e,
			t,
			n.pattern[e] ?? null,
			n.contribution[e] ?? null
		]))
	};
}
function Ka(e, t, n) {
	let r = Ha(e).slice(t.start, t.start + t.size), { heads: i } = e, a = r.length > 12 ? U : H, o = {
		columns: r.length,
		rows: i.length
	}, s = {
		columnName: (e) => B(r[e]),
		rowName: (e) => i[e] ? P(N(i[e])) : "",
		columnLabel: "to (key)",
		rowLabel: "head"
	}, c = (e, t, n) => i[n]?.[e][r[t]?.position ?? -1], l = Math.max(0, ...i.flatMap((e) => e.contribution.map(Math.abs)));
	return J(a, [wa(a, {
		...o,
		...s,
		colour: (e, t) => {
			let n = c("pattern", e, t);
			return n === void 0 ? null : Ii(n);
		},
		words: (e, t) => F(c("pattern", e, t) ?? 0),
		legend: {
			label: "attention",
			colour: Ii,
			low: "0",
			high: "1"
		}
	}), wa(a, {
		...o,
		...s,
		colour: (e, t) => {
			let n = c("contribution", e, t);
			return n === void 0 ? null : Fi(n, l, !1);
		},
		negative: (e, t) => (c("contribution", e, t) ?? 0) < -l / 20,
		words: (e, t) => I(c("contribution", e, t) ?? 0),
		legend: qa("gives through the head, logits", l)
	})], {
		shows: `Heads of layer ${i[0]?.layer ?? ""} from position ${e.position}: their attention to each token (above), and what each token gives “${Y(e.target.text)}” through them (below; hatched: lowers it).${Ra(t, Ha(e).length)}`,
		made: e,
		asked: n,
		about: ja(e.target)
	});
}
function qa(e, t) {
	return {
		label: e,
		colour: (e) => Fi(2 * e - 1, 1, !1),
		low: I(-t),
		middle: "0",
		high: I(t)
	};
}
var Ja = {
	resid_pre: "the stream before each block",
	attention: "what each attention writes",
	mlp: "what each MLP writes"
};
function Ya(e, t, n) {
	let r = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), i = r.slice(t.start, t.start + t.size), { layers: a, at: o } = Ba(e.grid), s = t.start, c = (e, t) => o(s + e, t), l = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), u = i.length > 12 ? U : H, d = wa(u, {
		columns: i.length,
		rows: a.length,
		colour: (e, t) => {
			let n = c(e, t)?.effect;
			return n == null ? null : Fi(n, l, !1);
		},
		negative: (e, t) => (c(e, t)?.effect ?? 0) < -.05 * l,
		words: (e, t) => I(c(e, t)?.effect ?? 0),
		columnName: (t) => B(e.clean_tokens[i[t] ?? -1]),
		rowName: (e) => Na(a[e] ?? null),
		columnLabel: "token of A",
		rowLabel: "layer",
		legend: qa("effect (0: as B; 1: as A)", l)
	}), f = Y((e.target ?? []).map((e) => e.text).join("")), p = e.versus ? ` over “${Y(e.versus.text)}”` : "";
	return J(u, [d], {
		shows: `Activation patching: prompt B run with one value of prompt A at a time, ${Ja[e.site] ?? e.site}. ${Xa(e.metric.replace("-", " "))} of “${f}”${p}: ${F(e.clean)} in A, ${F(e.corrupt)} in B.${Ra(t, r.length)}`,
		made: e,
		asked: n
	});
}
function Xa(e) {
	return e.charAt(0).toUpperCase() + e.slice(1);
}
function Za(e) {
	return {
		head: [
			"site",
			"layer",
			"position",
			"token",
			e.metric.replaceAll("-", "_"),
			"effect"
		],
		rows: e.grid.map((t) => [
			e.site,
			t.layer,
			t.position,
			t.position === null ? null : e.clean_tokens[t.position]?.text ?? null,
			t.value,
			t.effect
		])
	};
}
// src/lib/figure/table.ts
function Qa({ head: e, rows: t }) {
	return [e, ...t].map((e) => `${e.map($a).join(",")}\r\n`).join("");
}
function $a(e) {
	let t = e == null ? "" : String(e);
	return /[",\r\n]/.test(t) || t !== t.trim() ? `"${t.replaceAll("\"", "\"\"")}"` : t;
}
// src/ui/Exports.tsx
function X(e) {
	let t = A(), n = Be(null);
	Re(() => no(n.current), []);
	let { prompt: r, source: i } = t.followed() ?? {}, a = {
		prompt: String(r ?? ""),
		...i ? { source: String(i) } : {},
		...e.beside === void 0 ? {} : { beside: e.beside }
	}, o = [
		[
			"svg",
			"image/svg+xml",
			() => e.figure(a).svg
		],
		[
			"png",
			"image/png",
			() => br(e.figure(a))
		],
		[
			"csv",
			"text/csv;charset=utf-8",
			() => Qa(e.table())
		],
		[
			"json",
			"application/json",
			() => `${JSON.stringify(e.data, null, 1)}\n`
		]
	], s = (t.explained.value?.model ?? t.data.model)?.name ?? "model", c = async (r, i, a) => {
		let o = `unembed-${e.name}-${to(s)}.${r}`;
		try {
			yr(o, await a(), i), t.said.value = `Kept as ${o}.`;
		} catch {
			t.said.value = `The browser could not make ${o}.`;
		}
		n.current && (n.current.open = !1), n.current?.querySelector("summary")?.focus();
	};
	return /* @__PURE__ */ M("details", {
		class: "exports",
		ref: n,
		children: [/* @__PURE__ */ M("summary", {
			title: "Keep this as a figure for a paper, a table or data",
			children: ["Export", /* @__PURE__ */ M("span", {
				class: "hidden",
				children: [" ", e.name]
			})]
		}), /* @__PURE__ */ M("ul", { children: o.map(([e, t, n]) => /* @__PURE__ */ M("li", { children: /* @__PURE__ */ M("button", {
			type: "button",
			onClick: () => c(e, t, n),
			children: [
				e.toUpperCase(),
				" ",
				/* @__PURE__ */ M("span", {
					class: "small",
					children: eo[e]
				})
			]
		}) }, e)) })]
	});
}
var eo = {
	svg: "figure, text stays text",
	png: "figure, 300 dpi",
	csv: "table",
	json: "data"
};
function to(e) {
	return (e.toLowerCase().split(/[\\/]/).filter(Boolean).at(-1) ?? "model").replace(/[^a-z0-9.]+/g, "-").replace(/^[-.]+|[-.]+$/g, "") || "model";
}
function no(e) {
	if (!e) return () => {};
	let t = e.getRootNode(), n = (t) => {
		e.open && !t.composedPath().includes(e) && (e.open = !1);
	}, r = (t) => {
		t.key === "Escape" && e.open && (e.open = !1, e.querySelector("summary")?.focus(), t.stopPropagation());
	}, i = (t) => {
		t.relatedTarget instanceof Node && !e.contains(t.relatedTarget) && (e.open = !1);
	};
	return t.addEventListener("pointerdown", n), e.addEventListener("keydown", r), e.addEventListener("focusout", i), () => {
		t.removeEventListener("pointerdown", n), e.removeEventListener("keydown", r), e.removeEventListener("focusout", i);
	};
}
// src/hooks/useRedraw.ts
function ro(e) {
	Re(() => {
		e();
		let t = matchMedia("(prefers-color-scheme: dark)");
		return t.addEventListener("change", e), addEventListener("resize", e), () => {
			t.removeEventListener("change", e), removeEventListener("resize", e);
		};
	});
}
// src/ui/Grid.tsx
var io = "system-ui, sans-serif", [ao, oo, so] = [
	11,
	46,
	120
];
function co(e) {
	let t = Be(null), n = k(null), r = Be({
		width: 1,
		height: 1,
		left: 0
	}), { columns: i, rows: a } = e;
	ro(() => {
		let o = t.current, s = o?.parentElement?.clientWidth ?? 0, c = o?.getContext("2d");
		if (!o || !c || s === 0) return;
		let l = uo(c, e, s);
		r.current = l;
		let [u, d] = [l.left + l.width * i, l.height * a + _o(c, e, l)], f = devicePixelRatio || 1;
		o.width = u * f, o.height = d * f, o.style.width = `${u}px`, o.style.height = `${d}px`, c.scale(f, f), fo(c, e, l), ho(c, e, l, getComputedStyle(o).color), n.value && mo(c, n.value, l, getComputedStyle(o).getPropertyValue("--accent"), 3);
	});
	let o = (e) => {
		let n = t.current?.getBoundingClientRect();
		if (!n) return null;
		let o = Math.floor((e.clientX - n.left - r.current.left) / r.current.width), s = Math.floor((e.clientY - n.top) / r.current.height);
		return o >= 0 && o < i && s >= 0 && s < a ? [o, s] : null;
	}, s = (t) => {
		let r = {
			ArrowLeft: [-1, 0],
			ArrowRight: [1, 0],
			ArrowUp: [0, -1],
			ArrowDown: [0, 1]
		}[t.key], o = n.value ?? [i - 1, 0];
		if (r) {
			let [e = 0, t = 0] = r;
			n.value = [lo(o[0] + e, i), lo(o[1] + t, a)];
		} else if ((t.key === "Enter" || t.key === " ") && e.onChoose) e.onChoose(...o);
		else return;
		t.preventDefault();
	}, c = n.value ?? e.rest, l = c && c[0] < i && c[1] < a ? e.tell(...c) : null;
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("div", {
		class: "grid",
		children: /* @__PURE__ */ M("canvas", {
			ref: t,
			tabIndex: 0,
			role: "application",
			"aria-label": `${e.label}. Arrow keys move${e.onChoose ? ", Enter chooses" : ""}; a table follows.`,
			onMouseMove: (e) => n.value = o(e),
			onMouseLeave: () => n.value = null,
			onClick: (t) => {
				let n = o(t);
				n && e.onChoose?.(...n);
			},
			onKeyDown: s
		})
	}), /* @__PURE__ */ M("p", {
		class: "told",
		"aria-live": "polite",
		children: l || "Point at a cell, or move over the cells with the arrow keys."
	})] });
}
function lo(e, t) {
	return Math.min(Math.max(e, 0), t - 1);
}
function uo(e, t, n) {
	let { columns: r, rows: i } = t;
	e.font = `${ao}px ${io}`;
	let a = Array.from({ length: i }, (n, r) => e.measureText(vo(t.rowName(r))).width), o = Math.ceil(Math.max(24, ...a)) + 8, [s, c] = t.text ? [oo, so] : [7, 64], l = t.text ? 15 : 9;
	return {
		left: o,
		width: Math.min(Math.max((n - o) / Math.max(r, 1), s), c),
		height: t.height ?? Math.min(Math.max(320 / Math.max(i, 1), l), 22)
	};
}
function fo(e, t, n) {
	for (let r = 0; r < t.rows; r += 1) for (let i = 0; i < t.columns; i += 1) {
		let a = t.colour(i, r);
		if (a === null) continue;
		e.fillStyle = a;
		let o = +(n.width > 10);
		e.fillRect(n.left + i * n.width, r * n.height, n.width - o, n.height - o), t.text && po(e, t.text(i, r), [i, r], n, Li(a)), t.marked?.(i, r) && mo(e, [i, r], n, "#e8710a", 2);
	}
}
function po(e, t, [n, r], i, a) {
	e.font = `${Math.min(ao, i.height - 4)}px ${io}`, e.fillStyle = a, e.textBaseline = "middle", e.textAlign = "center";
	let o = [...t], s = t;
	for (; o.length > 1 && e.measureText(s).width > i.width - 4;) o.pop(), s = `${o.join("")}…`;
	e.fillText(s, i.left + (n + .5) * i.width, (r + .5) * i.height);
}
function mo(e, [t, n], r, i, a) {
	e.strokeStyle = i || "#e8710a", e.lineWidth = a, e.strokeRect(r.left + t * r.width + 1, n * r.height + 1, r.width - 2, r.height - 2);
}
function ho(e, t, n, r) {
	e.fillStyle = r, e.font = `${ao}px ${io}`, e.textBaseline = "middle", e.textAlign = "right";
	let i = Math.ceil(12 / n.height);
	for (let r = t.rows - 1; r >= 0; r -= i) e.fillText(vo(t.rowName(r)), n.left - 4, (r + .5) * n.height);
	let a = go(e, t, n), o = a ? 1 : Math.ceil(13 / n.width);
	for (let r = 0; r < t.columns; r += o) e.save(), e.translate(n.left + (r + .5) * n.width, t.rows * n.height + 4), a ? e.textAlign = "center" : e.rotate(-Math.PI / 4), e.fillText(vo(t.columnName(r)), 0, a ? 8 : 4), e.restore();
}
function go(e, t, n) {
	return Array.from({ length: t.columns }, (e, n) => vo(t.columnName(n))).every((t) => e.measureText(t).width <= n.width - 4);
}
function _o(e, t, n) {
	if (go(e, t, n)) return 22;
	let r = Array.from({ length: t.columns }, (e, n) => vo(t.columnName(n)).length);
	return 18 + 5 * Math.max(0, ...r);
}
function vo(e) {
	let t = [...e];
	return t.length > 11 ? `${t.slice(0, 10).join("")}…` : e;
}
// src/ui/Legend.tsx
var yo = 9;
function bo(e) {
	let t = e.kind === "sign" ? (e) => Fi(2 * e - 1, 1) : Ii, n = Array.from({ length: yo }, (e, n) => t(n / 8));
	return /* @__PURE__ */ M("p", {
		class: "legend",
		children: [
			/* @__PURE__ */ M("span", { children: e.low }),
			/* @__PURE__ */ M("span", {
				class: "ramp",
				"aria-hidden": "true",
				style: { background: `linear-gradient(to right, ${n.join(", ")})` }
			}),
			/* @__PURE__ */ M("span", {
				class: "hidden",
				children: "to"
			}),
			/* @__PURE__ */ M("span", { children: e.high }),
			e.middle ? /* @__PURE__ */ M("span", {
				class: "small",
				children: [
					"(middle: ",
					e.middle,
					")"
				]
			}) : null
		]
	});
}
// src/ui/Panel.tsx
function Z(e) {
	let t = Ue();
	return /* @__PURE__ */ M("section", {
		class: `panel panel-${e.name}`,
		"aria-labelledby": t,
		children: [
			/* @__PURE__ */ M("h2", {
				id: t,
				children: e.title
			}),
			e.note ? /* @__PURE__ */ M("p", {
				class: "note",
				children: e.note
			}) : null,
			e.children
		]
	});
}
// src/ui/PartButton.tsx
function xo(e) {
	let t = A(), n = dn(e.part, t.at.selection.value);
	return /* @__PURE__ */ M("button", {
		type: "button",
		class: "part",
		"aria-pressed": n,
		onClick: () => t.select(n ? null : e.part),
		onMouseEnter: () => t.hovered.value = e.part,
		onMouseLeave: () => t.hovered.value = null,
		onFocus: () => t.hovered.value = e.part,
		onBlur: () => t.hovered.value = null,
		children: P(e.part)
	});
}
// src/ui/Term.tsx
function Q(e) {
	let t = A();
	return /* @__PURE__ */ M("button", {
		type: "button",
		class: "term",
		title: cn(e.name)?.meaning,
		onClick: (n) => {
			n.stopPropagation(), t.glossary.value = e.name;
		},
		children: e.children ?? e.name
	});
}
// src/ui/Window.tsx
function So(e) {
	let { start: t, length: n, what: r } = e;
	if (n <= 128) return t.value !== 0 && (t.value = 0), null;
	let i = Math.max(0, n - 128), a = (e) => {
		t.value = Math.min(Math.max(e, 0), i);
	};
	return /* @__PURE__ */ M("p", {
		class: "window",
		children: [
			/* @__PURE__ */ M("button", {
				type: "button",
				disabled: t.value === 0,
				onClick: () => a(t.value - 128),
				children: ["Earlier ", r]
			}),
			" ",
			t.value,
			"–",
			Math.min(t.value + 128, n) - 1,
			" of ",
			n,
			" ",
			/* @__PURE__ */ M("button", {
				type: "button",
				disabled: t.value >= i,
				onClick: () => a(t.value + 128),
				children: ["Later ", r]
			})
		]
	});
}
// src/panels/Attention.tsx
function Co() {
	let e = A(), t = e.explained.value, n = e.followed(), r = e.at.selection.value, { strongest: i, settled: a } = wo(t), o = r && pn(r) !== "mlp" ? r : null, s = o !== null && mn(o), c = o !== null && hn(o), l = (c ? t?.sources?.length : t?.tokens.length) ?? 0, u = Oi(c ? 0 : t?.position ?? 0, l), d = o?.layer ?? i?.layer ?? 0, f = o ? o.head : i?.head, p = o !== null || a, m = n && p ? {
		ask: "attention",
		...n,
		layer: d,
		...o ? gn(o) : {}
	} : null, h = Ut(m, !p), g = Ut(m && f !== void 0 && !s ? {
		...m,
		head: f
	} : null, !p);
	if (!t) return null;
	let _ = {
		start: u.value,
		size: 128
	};
	return /* @__PURE__ */ M(Z, {
		name: "attention",
		title: `${s ? "Cross-attention" : o?.encoder ? "Attention of the encoder" : "Attention"}: layer ${d}`,
		note: /* @__PURE__ */ M(x, { children: [
			o ? To(o, t.position) : "Of the strongest head; select another to see its layer.",
			" Each head: its attention to the tokens (above), and what they give the target through it (below). A first token that is bright and gives little is an ",
			/* @__PURE__ */ M(Q, { name: "attention sink" }),
			"."
		] }),
		children: [
			/* @__PURE__ */ M(So, {
				start: u,
				length: l,
				what: "tokens"
			}),
			/* @__PURE__ */ M(V, { answer: h.answer }),
			h.result && !h.stale ? /* @__PURE__ */ M(X, {
				name: `heads-L${d}`,
				figure: (e) => Ka(h.result, _, e),
				table: () => Ga(h.result, _),
				data: h.result
			}) : null,
			h.result ? /* @__PURE__ */ M("div", {
				class: h.stale ? "stale" : "",
				children: [
					/* @__PURE__ */ M(Ao, {
						payload: h.result,
						start: u.value
					}),
					/* @__PURE__ */ M(bo, {
						kind: "amount",
						low: "attention 0",
						high: "1"
					}),
					/* @__PURE__ */ M(bo, {
						kind: "sign",
						...ko(Oo(h.result))
					}),
					/* @__PURE__ */ M(_i, {
						label: "attention and contribution by head and token",
						head: [
							"head",
							"source",
							"attention",
							"gives (logits)"
						],
						rows: () => Eo(h.result, u.value)
					})
				]
			}) : null,
			f === void 0 || s ? null : /* @__PURE__ */ M(V, { answer: g.answer }),
			g.result?.matrix === null ? /* @__PURE__ */ M("p", {
				class: "note",
				children: "The whole pattern of a head is not kept for a prompt of this length."
			}) : null,
			g.result?.matrix ? /* @__PURE__ */ M("div", {
				class: `has-exports${g.stale ? " stale" : ""}`,
				children: [/* @__PURE__ */ M(X, {
					name: `attention-${o ? P(o) : `L${d}.H${f}`}`,
					figure: (e) => Ua(g.result, _, e),
					table: () => Wa(g.result, _),
					data: g.result
				}), /* @__PURE__ */ M(Po, {
					payload: g.result,
					matrix: g.result.matrix,
					start: u.value
				})]
			}) : null
		]
	});
}
function wo(e) {
	let t = Xt(), n = (Qt() ?? e)?.heads.find((e) => !e.cross), r = n !== void 0 || !!(t?.result ?? t?.error), i = Be(n);
	return r && (i.current = n), {
		strongest: i.current,
		settled: r
	};
}
function To(e, t) {
	return e.encoder ? "The mean over all positions of the source." : `From position ${t}.`;
}
function Eo(e, t) {
	return e.heads.flatMap((n) => Do(n, e).slice(t, t + 128).map((e) => [
		P(N(n)),
		`${e.position} ${B(e)}`,
		F(n.pattern[e.position] ?? 0, 3),
		I(n.contribution[e.position] ?? 0, 3)
	]));
}
function Do(e, t) {
	return e.cross || e.encoder ? (t.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : t.tokens.slice(0, e.pattern.length);
}
function Oo({ heads: e }) {
	return Math.max(0, ...e.flatMap((e) => e.contribution.map(Math.abs)));
}
function ko(e) {
	return {
		low: `gives ${I(-e)}`,
		high: `${I(e)} logits to the target`,
		middle: "none"
	};
}
function Ao({ payload: e, start: t }) {
	let { heads: n } = e, r = Oo(e);
	return /* @__PURE__ */ M("ul", {
		class: "multiples",
		children: n.map((n) => /* @__PURE__ */ M("li", { children: [
			/* @__PURE__ */ M(xo, { part: N(n) }),
			" ",
			I(n.value),
			/* @__PURE__ */ M(jo, {
				head: n,
				tokens: Do(n, e),
				start: t,
				largest: r
			})
		] }, n.head))
	});
}
function jo(e) {
	let t = e.tokens.slice(e.start, e.start + 128), n = 100 / Math.max(t.length, 1);
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("svg", {
		class: "strips",
		viewBox: "0 0 100 20",
		preserveAspectRatio: "none",
		"aria-hidden": "true",
		children: t.map((t, r) => {
			let i = e.head.pattern[t.position] ?? 0, a = e.head.contribution[t.position] ?? 0;
			return /* @__PURE__ */ M("g", { children: [
				/* @__PURE__ */ M("rect", {
					x: r * n,
					y: 0,
					width: n * .94,
					height: 9,
					fill: Ii(i)
				}),
				/* @__PURE__ */ M("rect", {
					x: r * n,
					y: 10,
					width: n * .94,
					height: 9,
					fill: Fi(a, e.largest)
				}),
				/* @__PURE__ */ M("title", { children: `${t.position} ${B(t)}: attention ${F(i)}, gives ${I(a)}` })
			] }, t.position);
		})
	}), t.length <= Mo ? /* @__PURE__ */ M("span", {
		class: "strip-names",
		"aria-hidden": "true",
		style: { gridTemplateColumns: `repeat(${t.length}, minmax(0, 1fr))` },
		children: t.map((e) => /* @__PURE__ */ M("bdi", {
			title: `${e.position} ${B(e)}`,
			children: B(e)
		}, e.position))
	}) : null] });
}
var Mo = 12, No = {
	attention: "pattern",
	written: "value-weighted, at every position",
	target: "value-weighted, for the target"
};
function Po(e) {
	let { payload: t, matrix: n, start: r } = e, [i] = t.heads, a = k("attention"), o = i?.encoder || (t.model.bidirectional ?? !1), s = i?.encoder ? Do(i, t) : t.tokens, c = Math.min(128, s.length - r), l = i ? P(N(i)) : "", u = (e) => B(s[r + e]), d = (e, t) => n[r + e]?.[r + t] ?? 0, f = (e, n) => d(e, n) * (t.norms?.[r + n] ?? 0);
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M("h3", { children: l }),
		/* @__PURE__ */ M("p", {
			class: "controls",
			children: Object.entries(No).map(([e, n]) => /* @__PURE__ */ M("button", {
				type: "button",
				"aria-pressed": a.value === e,
				disabled: e === "written" && !t.norms,
				onClick: () => a.value = e,
				children: n
			}, e))
		}),
		a.value === "target" ? /* @__PURE__ */ M(Io, {
			text: u,
			given: i?.contribution ?? [],
			name: l,
			start: r,
			size: c
		}) : /* @__PURE__ */ M(Fo, {
			label: a.value === "attention" ? `Attention pattern of ${l}, query by key` : `Norm of what ${l} writes, query by key`,
			size: c,
			start: r,
			text: u,
			value: a.value === "attention" ? d : f,
			whole: o,
			largest: a.value === "attention" ? 1 : void 0,
			unit: a.value === "attention" ? "attention; rows look at columns" : "norm of what is written"
		}),
		/* @__PURE__ */ M(_i, {
			label: `pattern of ${l}`,
			head: [
				"from",
				"to",
				"attention",
				"norm of what is written"
			],
			rows: () => Array.from({ length: c }, (e, n) => Array.from({ length: o ? c : n + 1 }, (e, i) => [
				`${r + n} ${u(n)}`,
				`${r + i} ${u(i)}`,
				F(d(n, i), 3),
				t.norms ? F(f(n, i), 3) : ""
			])).flat()
		})
	] });
}
function Fo(e) {
	let { size: t, start: n, text: r, value: i } = e, a = Array.from({ length: t }, (e, t) => t), o = e.largest ?? Math.max(1e-9, ...a.flatMap((e) => a.map((t) => i(e, t))));
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(co, {
		label: e.label,
		columns: t,
		rows: t,
		height: t <= Mo ? 18 : 12,
		...t <= Mo ? { text: (t, n) => t > n && !e.whole ? "" : F(i(n, t)) } : {},
		colour: (t, n) => t > n && !e.whole ? null : Ii(i(n, t) / o),
		tell: (e, t) => `from ${n + t} ${r(t)} to ${n + e} ${r(e)}: ${F(i(t, e), 3)}`,
		rowName: (e) => `${n + e} ${r(e)}`,
		columnName: r
	}), /* @__PURE__ */ M(bo, {
		kind: "amount",
		low: "0",
		high: `${F(o)} ${e.unit}`
	})] });
}
function Io(e) {
	let { text: t, given: n, name: r, start: i } = e, a = Math.max(0, ...n.map(Math.abs));
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(co, {
		label: `What each token gives through ${r}`,
		columns: e.size,
		rows: 1,
		height: 26,
		colour: (e) => Fi(n[i + e] ?? 0, a),
		tell: (e) => `${t(e)} gives ${I(n[i + e] ?? 0, 3)} logits through ${r}`,
		rowName: () => r,
		columnName: t
	}), /* @__PURE__ */ M(bo, {
		kind: "sign",
		...ko(a)
	})] });
}
// src/lib/carried.ts
function Lo(e) {
	return "effect" in e;
}
var Ro = .25, zo = .1;
function Bo(e, t) {
	let n = [...e].sort((e, t) => t.credit - e.credit)[0], r = e.slice(0, t);
	return !n || r.includes(n) ? r : [...r.slice(0, -1), n];
}
function Vo(e) {
	return Uo(e).flatMap(([e, t]) => Wo(e, t)).sort((e, t) => Math.abs(t.effect.nats) - Math.abs(e.effect.nats));
}
function Ho(e) {
	return Uo(e).map(([e]) => e).sort((e, t) => Math.abs(t.credit) - Math.abs(e.credit));
}
function Uo({ heads: e, neurons: t }) {
	return [...e.map((e) => [{
		part: N(e),
		credit: e.value,
		does: Go(e)
	}, e]), ...t.map((e) => [{
		part: un(e),
		credit: e.value,
		does: Ko(e)
	}, e])];
}
function Wo(e, { zeroed: t, through: n = [] }) {
	if (!t) return [];
	let r = t.difference ?? t.effect, i = [e.does, qo(r, e.credit, n)].filter(Boolean).join("; "), a = {
		...Yo(r, e.part),
		does: i
	};
	return [{
		...e,
		effect: r,
		probability: t.probability,
		difference: t.difference !== null,
		says: a,
		through: n
	}];
}
function Go(e) {
	let [t] = e.looks_at;
	return !t || t.attention < Ro ? "" : `looks at ${B(t)}`;
}
function Ko(e) {
	let [t] = e.promotes;
	return t ? `writes toward ${R(t.text)}` : "";
}
function qo({ nats: e, verdict: t, size: n }, r, i) {
	if (n === "none" || t === "ordinary") return r > 1 ? "adds much, decides little" : "";
	if (Math.abs(r) >= zo * Math.abs(e)) return "";
	let a = i.map((e) => `${e.part} (${Jo(e.share)})`);
	return a.length === 0 ? "adds little itself" : `adds little itself: acts through ${a.join(" and ")}`;
}
function Jo(e) {
	return `${F(100 * e, 0)}%`;
}
function Yo({ verdict: e, size: t, rank: n, among: r, nats: i }, { kind: a }) {
	let o = `${r} ${a === "neuron" ? "neurons" : "heads"}`, s = i < 0;
	return t === "none" ? {
		tag: "hardly matters",
		kind: "ordinary"
	} : e === "ordinary" ? {
		tag: `like other ${a === "neuron" ? "neurons" : "heads"}`,
		kind: "ordinary"
	} : {
		tag: `${Xo(n)} of ${o}`,
		kind: s ? "carries" : "holds back"
	};
}
function Xo(e) {
	return `${e}${[
		11,
		12,
		13
	].includes(e % 100) ? "th" : {
		1: "st",
		2: "nd",
		3: "rd"
	}[e % 10] ?? "th"}`;
}
// src/lib/figure/bars.ts
var Zo = 12, Qo = 7.5, $o = 7;
function es(e, t) {
	let { rows: n, axis: r, notes: i = [] } = t, a = t.names ?? Math.min(Math.max(30, ...n.map((e) => q(e.name))) + 8, e * .36), o = 4 + Math.max(...n.map((e) => q(e.number, $o)), 10), s = i.reduce((e, t) => e + t.width, 0), c = a + (r.low < 0 ? o : 2), l = e - s - o, u = (e) => c + (e - r.low) / Math.max(r.high - r.low, 1e-12) * (l - c), d = t.mark !== void 0 || i.some((e) => e.head) || t.head !== void 0 ? 13 : 2, f = d + n.length * Zo, p = i.map((e, t) => l + o + i.slice(0, t).reduce((e, t) => e + t.width, 6)), m = [
		...t.head ? [K(0, 8, t.head, {
			size: G,
			fill: W
		})] : [],
		...i.map((e, t) => K(p[t] ?? 0, 8, e.head, {
			size: G,
			fill: W
		})),
		...as(r).map((e) => $i(u(e), d, u(e), f, { stroke: e === 0 ? zi : Bi })),
		...n.map((n, r) => ts(n, d + r * Zo, {
			x: u,
			names: a,
			width: e,
			chart: t,
			starts: p
		})),
		...t.mark ? rs(u(t.mark.value), d, f, t.mark.label, [c, l]) : [],
		...is(r, u, f),
		K((c + l) / 2, f + 19, r.label, {
			size: G + .5,
			anchor: "middle"
		})
	];
	return {
		height: f + 22,
		body: m.join("\n")
	};
}
function ts(e, t, { x: n, names: r, width: i, chart: a, starts: o }) {
	let [s, c] = [n(0), n(e.value)], [l, u] = [Math.min(s, c), Math.abs(c - s)], d = e.value < 0, f = t + Zo / 2 + 2.6, p = e.other ? Qi(l, t + 4.5 / 2, u, Qo, { fill: "#9a9a94" }) : a.amounts ? Qi(l, t + 4.5 / 2, u, Qo, { fill: "#4d5f80" }) : ta(l, t + 4.5 / 2, u, Qo, d), m = Math.max(c, a.mark && !d ? ns(c, n(a.mark.value), e.number) : c), h = (e.notes ?? []).map((e, t) => {
		let n = (a.notes?.[t]?.width ?? 0) - 6;
		return K(o[t] ?? 0, f, ca(e, n, G), { size: G });
	});
	return [
		e.total ? $i(0, t, i, t, { stroke: zi }) : "",
		K(0, f, ca(e.name, r - 4), { bold: e.total ?? !1 }),
		p,
		K(d ? c - 2.5 : m + 2.5, f, e.number, {
			size: $o,
			anchor: d ? "end" : "start",
			bold: e.total ?? !1
		}),
		...h
	].join("");
}
function ns(e, t, n) {
	return t > e - 1 && t < e + 5 + q(n, $o) ? t : e;
}
function rs(e, t, n, r, [i, a]) {
	let o = q(r, G) / 2, s = Math.min(Math.max(e, i + o), Math.max(a - o, i + o));
	return [$i(e, t - 3, e, n, {
		stroke: zi,
		"stroke-width": .9,
		"stroke-dasharray": "2.5 1.5"
	}), K(s, t - 5, r, {
		size: G,
		anchor: "middle"
	})];
}
function is(e, t, n) {
	return as(e).map((r) => K(t(r), n + 9, e.tick(r), {
		size: G,
		anchor: "middle",
		fill: W
	}));
}
function as({ low: e, high: t }, n = 4) {
	let r = t - e;
	if (!(r > 0)) return [e];
	let i = r / n, a = 10 ** Math.floor(Math.log10(i)), o = ([
		1,
		2,
		5,
		10
	].find((e) => e * a >= .75 * i) ?? 10) * a, s = Math.ceil(e / o - 1e-9), c = Math.floor(t / o + 1e-9) - s + 1;
	return Array.from({ length: c }, (e, t) => Number(((s + t) * o).toPrecision(12)));
}
function os(e, t, n) {
	let [r, i] = [Math.min(0, ...e), Math.max(0, ...e)];
	return {
		label: t,
		tick: n,
		low: r,
		high: i === r ? r + 1 : i
	};
}
function ss(e) {
	return {
		label: e,
		tick: (e) => `${Math.round(100 * e)}%`,
		low: 0,
		high: 1
	};
}
// src/lib/figure/carried.ts
function cs(e, t, n) {
	let r = `“${Y(e.target.text)}”`, i = e.reference.kind === "versus", a = i ? e.ledger.value : e.target.probability, o = t.map((e) => i ? a + e.effect.nats : e.probability), s = i ? os([a, ...o], `lead of ${r} with the part set to zero, logits`, (e) => I(e, 1)) : ss(`probability of ${r} with the part set to zero`), c = es(U, {
		rows: t.map((e, t) => {
			let n = o[t] ?? 0, r = i ? [I(a), I(n)] : Dr(a, n), { says: s } = e, c = s.kind === "holds back" ? `holds it back, ${s.tag}` : s.tag;
			return {
				name: P(e.part),
				value: n,
				number: i ? I(n) : r[1] ?? "",
				notes: [
					I(e.credit),
					`${r[0]} → ${r[1]}`,
					[c, s.does].filter(Boolean).join("; ")
				]
			};
		}),
		axis: s,
		head: "part",
		mark: {
			value: a,
			label: `${i ? I(a) : L(a)} with all parts`
		},
		notes: [
			{
				width: 42,
				head: "adds, logits"
			},
			{
				width: 70,
				head: "with → without"
			},
			{
				width: 186,
				head: "what it does here"
			}
		],
		amounts: !i
	}), { control: l } = e, u = [l?.heads ? `all ${l.heads.count} heads` : "", l?.neurons ? `${l.neurons.count} active neurons` : ""].filter(Boolean), d = u.length > 0 ? `, ranked among ${u.join(" and ")}` : "";
	return J(U, [c], {
		shows: `Parts switched off one by one: each is set to zero alone, where ${r} is predicted${d}. “Adds” is what the part writes toward ${r} directly.`,
		made: e,
		asked: n,
		about: ja(e.target)
	});
}
function ls(e, t) {
	return {
		head: [
			"part",
			"credit_logits",
			"probability",
			"probability_without",
			"effect_nats",
			"effect_of",
			"rank",
			"among",
			"size",
			"verdict"
		],
		rows: t.map(({ part: t, credit: n, effect: r, probability: i, difference: a }) => [
			P(t),
			n,
			e.target.probability,
			i,
			r.nats,
			a ? "logit difference" : "log-odds",
			r.rank,
			r.among,
			r.size,
			r.verdict
		])
	};
}
// src/lib/ledger.ts
function us(e, t, n, r = () => !1, i = () => null) {
	let a = [...e].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	n === "effect" && a.sort((e, t) => Math.abs(i(t) ?? 0) - Math.abs(i(e) ?? 0));
	let o = /* @__PURE__ */ new Set([...a.slice(0, t), ...a.filter(r)]), s = a.filter((e) => !o.has(e));
	return {
		shown: (n === "layer" ? e : a).filter((e) => o.has(e)),
		others: {
			count: s.length,
			value: fs(s.map((e) => e.value))
		},
		sum: fs(e.map((e) => e.value))
	};
}
function ds(e, t, n) {
	return Math.max(e, Math.abs(n), ...t.map((e) => Math.abs(e.value)));
}
function fs(e) {
	let t = 0, n = 0;
	for (let r of e) {
		let e = t + r;
		n += Math.abs(t) >= Math.abs(r) ? t - e + r : r - e + t, t = e;
	}
	return t + n;
}
function ps(e) {
	let t = fs(e.terms.map((e) => e.value)), n = Math.abs(t - e.value);
	return {
		sum: t,
		error: n,
		holds: n <= e.tolerance
	};
}
function ms(e) {
	return [
		e.kind,
		e.layer,
		e.head,
		e.expert,
		e.neuron,
		e.source
	].join(" ");
}
function hs(e, t) {
	let n = new Map(t.map((e) => [ms(e), e]));
	return [...e.map((e) => {
		let t = n.get(ms(e));
		return n.delete(ms(e)), {
			term: e,
			a: e.value,
			b: t?.value ?? null
		};
	}), ...[...n.values()].map((e) => ({
		term: e,
		a: null,
		b: e.value
	}))];
}
// src/ui/Bar.tsx
function gs(e) {
	let t = e.largest > 0 ? Math.min(Math.abs(e.value) / e.largest, 1) : 0;
	return /* @__PURE__ */ M("span", {
		class: "bar",
		"aria-hidden": "true",
		children: /* @__PURE__ */ M("span", {
			class: e.value < 0 ? "negative" : "positive",
			style: { width: `${t * 50}%` }
		})
	});
}
function _s(e) {
	return /* @__PURE__ */ M("span", {
		class: `number${vs(e.value, e.digits)}`,
		children: I(e.value, e.digits)
	});
}
function vs(e, t) {
	let n = I(e, t);
	return /[1-9\u221e]/.test(n) ? e < 0 ? " negative" : " positive" : "";
}
// src/page/earlier.ts
var ys = 20, bs = "unembed-earlier", xs = class {
	list;
	#e;
	constructor(e) {
		this.#e = e, this.list = O(Cs(e));
	}
	add({ a: e, source: t }) {
		let [n] = this.list.value;
		if (n?.a === e && n.source === t) return;
		let r = this.list.value.filter((n) => n.a !== e || n.source !== t);
		this.list.value = [{
			a: e,
			source: t
		}, ...r].slice(0, ys);
		try {
			this.#e?.setItem(bs, JSON.stringify(this.list.value));
		} catch {}
	}
};
function Ss(e) {
	try {
		return e === "page" ? sessionStorage : null;
	} catch {
		return null;
	}
}
function Cs(e) {
	try {
		let t = JSON.parse(e?.getItem(bs) ?? "[]");
		return Array.isArray(t) ? t.filter(ws).slice(0, ys) : [];
	} catch {
		return [];
	}
}
function ws(e) {
	let { a: t, source: n } = e ?? {};
	return typeof t == "string" && (n === null || typeof n == "string");
}
// src/page/page.ts
var Ts = class {
	data;
	desk;
	state;
	hovered = O(null);
	explained = O(null);
	answered = O(null);
	helpOpen = O(!1);
	continued = O(null);
	glossary = O(null);
	earlier;
	said = O("");
	at;
	shownPart = ht(() => this.hovered.value ?? this.at.selection.value);
	answer = ht(() => this.#t.value?.value ?? null);
	#e = () => {};
	#t = O(null);
	constructor(e, t) {
		this.data = e, this.earlier = new xs(Ss(e.host)), this.desk = new Bt(t, e.results);
		let n = $n({
			...Xn,
			...e.state
		});
		this.state = O(e.host === "widget" ? n : this.#n(n));
		let r = Object.keys(Xn);
		this.at = Object.fromEntries(r.map((e) => [e, ht(() => this.state.value[e])]));
	}
	reads() {
		return (this.explained.value?.model ?? this.data.model)?.reads ?? null;
	}
	#n(e = Xn) {
		let t = Qn(location.hash, e);
		return this.data.model && this.data.model.reads === null ? {
			...t,
			source: null
		} : t;
	}
	asked() {
		let { a: e, source: t } = this.state.value;
		return this.reads() === null ? e !== "" : this.reads() === "audio" || !!t;
	}
	beside() {
		return this.reads() === null ? "prompt" : "source";
	}
	set(e) {
		let t = this.state.value, n = e.a !== void 0 && e.a !== t.a, r = n || e.source !== void 0;
		this.state.value = {
			...t,
			...n ? { knowledge: null } : {},
			...r ? { word: null } : {},
			...e
		};
	}
	setKnowledge(e) {
		let t = this.state.value.knowledge;
		t && this.set({ knowledge: {
			...t,
			...e
		} });
	}
	select(e) {
		this.set({
			selection: e,
			test: null
		});
	}
	pin() {
		let { selection: e, test: t, pins: n } = this.state.value;
		if (!e) return;
		let r = n.filter((t) => !dn(t.part, e));
		this.set({ pins: [...r, {
			part: e,
			how: t ?? "zero"
		}] }), this.said.value = `Pinned ${P(e)}.`;
	}
	go(e) {
		this.set({ view: e });
	}
	explain() {
		let e = ht(() => this.asked() ? j(Ds(this.state.value)) : ""), t = bt(() => {
			let t = e.value === "" ? null : JSON.parse(e.value);
			return this.#t.value = t && nt(() => this.desk.watch(t)), () => t && nt(() => this.desk.release(t));
		}), n = bt(() => {
			let e = this.answer.value;
			!e || e.error ? nt(() => this.#r(null)) : e.result && nt(() => this.#r(e.result));
		});
		return () => {
			n(), t();
		};
	}
	foresee(e) {
		if (this.data.host !== "page") return;
		let t = this.#e;
		this.#e = this.desk.foresee([Ds({
			...this.state.value,
			...e
		})]), t();
	}
	asksOf(...e) {
		let t = this.answered.value;
		return t ? e.map((e) => Ds({
			...t,
			...e
		})) : [];
	}
	inspectAsk(e) {
		let t = this.followed();
		return t && {
			ask: "inspect",
			...t,
			part: e
		};
	}
	#r(e) {
		let t = this.state.value;
		et(() => {
			this.explained.value = e, this.answered.value = e && t, e && this.earlier.add(t);
		});
	}
	followed() {
		let e = this.answered.value;
		return e && {
			...ks(e),
			target: e.target ?? this.explained.value?.target.id
		};
	}
	link() {
		if (this.data.host === "widget") return () => {};
		let e = Es(this.state.value), t = bt(() => {
			let t = this.state.value, n = Zn(t), r = Es(t) !== e;
			if (e = Es(t), n === location.hash) return;
			let i = n || location.pathname + location.search;
			r ? history.pushState(null, "", i) : history.replaceState(null, "", i);
		}), n = () => {
			this.state.value = this.#n();
		};
		return addEventListener("hashchange", n), () => {
			t(), removeEventListener("hashchange", n);
		};
	}
};
function Es({ view: e, a: t, b: n, source: r, position: i, target: a, vs: o, reference: s }) {
	return JSON.stringify([
		e,
		t,
		n,
		r,
		i,
		a,
		o,
		s
	]);
}
function Ds(e) {
	return Os(ks(e));
}
function Os(e) {
	return {
		ask: "explain",
		...e,
		test: !1,
		parts: !1,
		top: 10
	};
}
function ks({ a: e, source: t, target: n, vs: r, reference: i, position: a }) {
	return As({
		prompt: e,
		source: t,
		target: n,
		vs: r,
		position: a,
		reference: r === null && i !== "mean" ? i : null
	});
}
function As(e) {
	return Object.fromEntries(Object.entries(e).filter(([, e]) => e != null));
}
// src/lib/figure/amounts.ts
function js(e, t) {
	let n = e.predictions.map(({ text: e, probability: t }) => ({
		name: R(e),
		value: t,
		number: L(t)
	})), r = Aa(e.tokens[e.position]);
	return J(H, [es(H, {
		rows: n,
		axis: ss("probability"),
		amounts: !0
	})], {
		shows: `The ${n.length} most probable tokens ${e.model.bidirectional ? "at" : "after"} “${r}” (position ${e.position}).`,
		made: e,
		asked: t,
		about: ja(e.target)
	});
}
function Ms({ predictions: e }) {
	return {
		head: [
			"token",
			"id",
			"probability",
			"logit"
		],
		rows: e.map(({ text: e, id: t, probability: n, logit: r }) => [
			e,
			t,
			n,
			r
		])
	};
}
function Ns(e, t) {
	return J(H, [es(H, {
		rows: e.generated.map(({ text: e, probability: t, position: n }) => ({
			name: `${n} ${R(e)}`,
			value: t,
			number: L(t)
		})),
		axis: ss("probability of the token when it was written"),
		amounts: !0
	})], {
		shows: "The continuation, token by token from the top, with the position of each.",
		made: e,
		asked: t
	});
}
function Ps({ generated: e }) {
	return {
		head: [
			"position",
			"token",
			"id",
			"probability",
			"logit"
		],
		rows: e.map(({ position: e, text: t, id: n, probability: r, logit: i }) => [
			e,
			t,
			n,
			r,
			i
		])
	};
}
function Fs(e, t, n) {
	let r = Math.max(0, 1 - t.looks_at.reduce((e, t) => e + t.attention, 0)), i = t.looks_at.map((e) => ({
		name: `${e.position} ${B(e)}`,
		value: e.attention,
		number: F(e.attention)
	})), a = r > .005 ? [...i, {
		name: "elsewhere",
		value: r,
		number: F(r),
		other: !0
	}] : i, o = {
		...ss("attention, as a share of 1"),
		tick: (e) => F(e, 1)
	}, s = Aa(e.tokens[e.position]);
	return J(H, [es(H, {
		rows: a,
		axis: o,
		amounts: !0
	})], {
		shows: `Where ${P(N(t))} looks from “${s}” (position ${e.position}).`,
		made: e,
		asked: n,
		about: ja(e.target)
	});
}
function Is(e) {
	return {
		head: [
			"head",
			"position",
			"token",
			"attention"
		],
		rows: e.looks_at.map(({ position: t, text: n, attention: r }) => [
			P(N(e)),
			t,
			n,
			r
		])
	};
}
function Ls(e, t, n) {
	let { target_before: r, target_after: i } = e, a = (e) => Math.min(1, ...e.map((e) => e.probability)), o = es(H, {
		rows: Ws({
			...e,
			before: e.before.slice(0, Rs),
			after: e.after.slice(0, Rs)
		}).map(({ text: t, id: n, from: r, to: i }) => ({
			name: R(t),
			...Bs(i ?? zs(e.after, n), a(e.after)),
			notes: [Bs(r ?? zs(e.before, n), a(e.before)).number]
		})),
		axis: ss("probability with the change"),
		notes: [{
			width: 44,
			head: "before"
		}],
		amounts: !0
	}), [s, c] = Dr(r.probability, i.probability);
	return J(H, [o], {
		shows: `Predictions with ${Us(e)}: “${Y(r.text)}” ${s} → ${c} (${I(e.nats)} nats).`,
		made: t,
		asked: n,
		about: ja(r)
	});
}
var Rs = 5;
function zs(e, t) {
	return e.find((e) => e.id === t)?.probability ?? null;
}
function Bs(e, t) {
	return e === null ? {
		value: 0,
		number: `<${L(t).replace(/^[<>]/, "")}`
	} : {
		value: e,
		number: L(e)
	};
}
var Vs = {
	zero: "set to zero",
	double: "doubled",
	mean: "set to its mean",
	swap: "taken from B"
}, Hs = 6;
function Us({ tests: e }) {
	let t = e.slice(0, Hs).map(({ part: e, how: t }) => {
		let n = e.kind === "cross_head" ? "cross_attention" : e.kind;
		return `${bn(xn({
			...e,
			kind: n
		}), e.encoder ?? !1)} ${Vs[t]}`;
	}), n = e.length > Hs ? [`${e.length - Hs} more`] : [];
	return [...t, ...n].join(", ");
}
function Ws({ before: e, after: t, target_before: n, target_after: r }) {
	let i = /* @__PURE__ */ new Map(), a = (e, t) => {
		let n = i.get(e) ?? {
			id: e,
			text: t,
			from: null,
			to: null
		};
		return i.set(e, n), n;
	};
	for (let { id: t, text: r, probability: i } of [n, ...e]) a(t, r).from = i;
	for (let { id: e, text: n, probability: i } of [r, ...t]) a(e, n).to = i;
	return [...i.values()];
}
function Gs(e) {
	return {
		head: [
			"token",
			"id",
			"probability_before",
			"probability_after"
		],
		rows: Ws(e).map(({ text: e, id: t, from: n, to: r }) => [
			e,
			t,
			n,
			r
		])
	};
}
// src/ui/Token.tsx
function $(e) {
	return /* @__PURE__ */ M("bdi", {
		class: "token-text",
		children: B(e)
	});
}
function Ks(e) {
	return /* @__PURE__ */ M("span", {
		class: "tokens",
		children: e.tokens.map((e, t) => /* @__PURE__ */ M("span", {
			class: "chip",
			children: /* @__PURE__ */ M($, { text: e.text })
		}, t))
	});
}
function qs(e) {
	return /* @__PURE__ */ M("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ M($, {
				text: e.at.text,
				fragment: e.at.fragment
			}),
			" ",
			/* @__PURE__ */ M("span", {
				class: "small",
				children: F(e.at.attention)
			})
		]
	});
}
// src/ui/Tested.tsx
function Js(e) {
	let t = A(), n = t.followed(), r = e.tests.some((e) => e.how === "swap"), i = t.at.b.value, a = r && i === null, o = Vt(n && !a ? {
		ask: "test",
		...n,
		target: e.target ?? n.target,
		tests: e.tests,
		...r ? { [`${t.beside()}_b`]: i } : {}
	} : null), s = o?.result ?? null, c = t.explained.value, l = e.target === void 0 && c?.reference.kind === "versus" ? c.ledger.value : null;
	return Re(() => {
		s && e.say && (t.said.value = `${e.say}: ${Xs(s, l).join(" → ")}`);
	}, [s, e.say]), a ? /* @__PURE__ */ M("p", {
		class: "error",
		children: "A swap takes its value from prompt B: write one in Compare."
	}) : /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(V, { answer: o }), s ? /* @__PURE__ */ M(Ys, {
		result: s,
		note: e.note,
		live: !e.say,
		lead: l
	}) : null] });
}
function Ys(e) {
	let { result: t, note: n, live: r, lead: i } = e, { target_before: a, target_after: o, effect: s, control: c } = t, [l, u] = Xs(t, i), d = A().explained.value;
	return /* @__PURE__ */ M("div", {
		class: "before-after has-exports",
		"aria-live": r ? "polite" : "off",
		children: [
			d ? /* @__PURE__ */ M(X, {
				name: "test",
				figure: (e) => Ls(t, d, e),
				table: () => Gs(t),
				data: t
			}) : null,
			/* @__PURE__ */ M("p", {
				class: "big",
				children: [
					i === null ? "" : "lead of ",
					/* @__PURE__ */ M($, { text: a.text }),
					" ",
					l,
					" → ",
					u
				]
			}),
			i === null ? null : /* @__PURE__ */ M("p", {
				class: "note",
				children: ["Its probability: ", Xs(t, null).join(" → ")]
			}),
			/* @__PURE__ */ M($s, {
				before: a.probability,
				after: o.probability,
				limit: c?.limit ?? null
			}),
			/* @__PURE__ */ M("p", {
				class: "note",
				children: [
					"With ",
					n,
					": ",
					I(t.nats),
					" ",
					/* @__PURE__ */ M(Q, { name: "nats" }),
					". ",
					Zs(t),
					" ",
					s ? /* @__PURE__ */ M("strong", { children: Mr(s) }) : null
				]
			}),
			/* @__PURE__ */ M("p", {
				class: "note",
				children: ["Then: ", /* @__PURE__ */ M(Qs, { tokens: t.after.slice(0, 3) })]
			})
		]
	});
}
function Xs(e, t) {
	return t === null ? Dr(e.target_before.probability, e.target_after.probability) : [I(t), I(t + e.nats)];
}
function Zs({ tests: e, effect: t, control: n }) {
	if (!t || !n) return /* @__PURE__ */ M(x, { children: "No control for this kind of test." });
	let r = e.length > 1 ? "sets of as many random neurons of these layers" : "others of its kind";
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(Q, {
			name: "control",
			children: "Control"
		}),
		": ",
		t.rank,
		" of ",
		t.among,
		" by size, beside ",
		n.count,
		" ",
		r,
		n.limit === null ? ", too few for a verdict." : "."
	] });
}
function Qs(e) {
	return /* @__PURE__ */ M(x, { children: e.tokens.map((e, t) => /* @__PURE__ */ M("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ M($, { text: e.text }),
			" ",
			/* @__PURE__ */ M("span", {
				class: "small",
				children: L(e.probability)
			})
		]
	}, t)) });
}
function $s(e) {
	let t = (e) => 4 + e * 192, [n, r] = [-1, 1].map((n) => t(ec(e.before, n * (e.limit ?? 0))));
	return /* @__PURE__ */ M("div", {
		class: "scale small",
		"aria-hidden": "true",
		children: [
			/* @__PURE__ */ M("svg", {
				viewBox: "0 0 200 26",
				"aria-hidden": "true",
				children: [
					/* @__PURE__ */ M("line", {
						x1: 4,
						x2: 196,
						y1: 14,
						y2: 14,
						class: "axis"
					}),
					e.limit === null ? null : /* @__PURE__ */ M("rect", {
						x: n,
						y: 7,
						width: Math.max(r - n, 1),
						height: 14,
						class: "band"
					}),
					/* @__PURE__ */ M("line", {
						x1: t(e.before),
						x2: t(e.after),
						y1: 14,
						y2: 14,
						class: "move"
					}),
					/* @__PURE__ */ M("circle", {
						cx: t(e.before),
						cy: 14,
						r: 4,
						class: "before"
					}),
					/* @__PURE__ */ M("circle", {
						cx: t(e.after),
						cy: 14,
						r: 4,
						class: "after"
					})
				]
			}),
			/* @__PURE__ */ M("p", {
				class: "ends",
				children: [/* @__PURE__ */ M("span", { children: "0%" }), /* @__PURE__ */ M("span", { children: "100%" })]
			}),
			/* @__PURE__ */ M("p", { children: ["○ before, ● after", e.limit === null ? "" : "; grey: where 19 of 20 others leave it"] })
		]
	});
}
function ec(e, t) {
	let n = e * Math.exp(t);
	return n / (1 - e + n);
}
// src/panels/Inspector.tsx
var tc = {
	zero: "its output set to zero",
	double: "its output doubled",
	mean: "its output set to its mean",
	swap: "its output taken from B"
}, nc = {
	zero: "zeroed",
	double: "doubled",
	mean: "at its mean",
	swap: "taken from B"
};
function rc() {
	let e = A(), t = e.at.selection.value, { answer: n, result: r, stale: i } = Ut(t && e.inspectAsk(t));
	return e.explained.value ? t ? /* @__PURE__ */ M(Z, {
		name: "inspector",
		title: `Inspector: ${P(t)}`,
		children: [
			/* @__PURE__ */ M("button", {
				type: "button",
				class: "close",
				"aria-label": "Select nothing",
				onClick: () => e.select(null),
				children: "×"
			}),
			/* @__PURE__ */ M(fc, {}),
			/* @__PURE__ */ M(V, { answer: n }),
			r && dn(r.part, t) ? /* @__PURE__ */ M("dl", {
				class: i ? "stale" : "",
				children: [
					t.encoder ? /* @__PURE__ */ M(oc, {
						name: "inside the encoder",
						children: /* @__PURE__ */ M("span", {
							class: "small",
							children: "at every position of the source; credit is what it carries on through cross-attention, patterns frozen"
						})
					}) : null,
					r.value === null ? null : /* @__PURE__ */ M(oc, {
						name: /* @__PURE__ */ M(Q, { name: "credit" }),
						children: [I(r.value), " logits"]
					}),
					r.activation === null ? null : /* @__PURE__ */ M(oc, {
						name: /* @__PURE__ */ M(Q, { name: "activation" }),
						children: I(r.activation, 2)
					}),
					r.looks_at.length === 0 ? null : /* @__PURE__ */ M(oc, {
						name: "looks at",
						children: r.looks_at.map((e) => /* @__PURE__ */ M(qs, { at: e }, e.position))
					}),
					/* @__PURE__ */ M(dc, {
						name: "writes toward",
						tokens: r.promotes
					}),
					/* @__PURE__ */ M(dc, {
						name: "writes away from",
						tokens: r.suppresses
					}),
					/* @__PURE__ */ M(cc, { part: t })
				]
			}) : null
		]
	}) : /* @__PURE__ */ M(Z, {
		name: "inspector",
		title: "Inspector",
		note: "Select a sublayer, head or neuron anywhere to see what it does.",
		children: null
	}) : null;
}
function ic({ parts: e }) {
	let t = A();
	return Ht(e.flatMap((e) => t.inspectAsk(e) ?? [])), null;
}
function ac() {
	let e = A().hovered.value;
	return /* @__PURE__ */ M(ic, { parts: e ? [e] : [] });
}
function oc(e) {
	return /* @__PURE__ */ M("div", { children: [/* @__PURE__ */ M("dt", { children: e.name }), /* @__PURE__ */ M("dd", { children: e.children })] });
}
var sc = {
	"pre-activation": "reads",
	gate: "reads: gate",
	up: "reads: up",
	query: "reads: query",
	key: "reads: key"
};
function cc({ part: e }) {
	let t = A(), n = t.followed(), { answer: r, result: i, stale: a } = Ut(n && pn(e) !== e.kind && t.reads() === null ? {
		ask: "reads",
		...As({
			prompt: n.prompt,
			position: n.position
		}),
		part: e
	} : null);
	return r?.error ? /* @__PURE__ */ M(oc, {
		name: "reads",
		children: /* @__PURE__ */ M(V, { answer: r })
	}) : !i || a || !dn(i.part, e) ? null : /* @__PURE__ */ M(x, { children: i.reads.map((e) => /* @__PURE__ */ M(lc, { reading: e }, e.what)) });
}
function lc({ reading: e }) {
	let { what: t, value: n, terms: r, others: i, source: a } = e;
	return /* @__PURE__ */ M(oc, {
		name: sc[t],
		children: [
			/* @__PURE__ */ M("span", {
				class: "small",
				children: [
					a ? "score" : t,
					" ",
					I(n),
					a ? /* @__PURE__ */ M(x, { children: [
						" ",
						"toward ",
						/* @__PURE__ */ M($, { text: a.text })
					] }) : null,
					" ",
					"=",
					" "
				]
			}),
			r.map((e) => /* @__PURE__ */ M(uc, { term: e }, xn(e.part))),
			i.count > 0 ? /* @__PURE__ */ M("span", {
				class: "chip",
				children: [
					i.count,
					" others (net) ",
					/* @__PURE__ */ M("span", {
						class: "small",
						children: I(i.value)
					})
				]
			}) : null
		]
	});
}
function uc({ term: e }) {
	let t = Sn(e.part);
	return /* @__PURE__ */ M("span", {
		class: "chip",
		children: [
			t ? /* @__PURE__ */ M(xo, { part: t }) : xn(e.part),
			" ",
			/* @__PURE__ */ M("span", {
				class: "small",
				children: I(e.value)
			})
		]
	});
}
function dc(e) {
	return e.tokens.length === 0 ? null : /* @__PURE__ */ M(oc, {
		name: e.name,
		children: /* @__PURE__ */ M(Ks, { tokens: e.tokens })
	});
}
function fc() {
	let e = A(), { selection: t, test: n, b: r } = e.state.value;
	return t ? /* @__PURE__ */ M("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ M("legend", { children: ["Test ", /* @__PURE__ */ M("kbd", { children: "t" })] }),
			/* @__PURE__ */ M("p", {
				class: "controls",
				children: [Jn.map((t) => /* @__PURE__ */ M("button", {
					type: "button",
					"aria-pressed": n === t,
					disabled: t === "swap" && r === null,
					title: t === "swap" && r === null ? "Open B first" : tc[t],
					onClick: () => e.set({ test: n === t ? null : t }),
					children: t
				}, t)), /* @__PURE__ */ M("button", {
					type: "button",
					onClick: () => e.pin(),
					children: ["Pin ", /* @__PURE__ */ M("kbd", { children: "p" })]
				})]
			}),
			n ? /* @__PURE__ */ M(Js, {
				tests: [{
					part: t,
					how: n
				}],
				note: tc[n],
				say: `${P(t)} ${nc[n]}`
			}) : null
		]
	}) : null;
}
// src/panels/Carried.tsx
var pc = 6, mc = .2, hc = "How much of its effect is undone where that later part stays as it was; shares need not sum to 100%";
function gc({ besideLedger: e = !1 }) {
	let t = A(), n = t.explained.value, r = Xt(), i = Zt(), a = Qt(), o = k(!1);
	if (!n) return null;
	let s = i?.control ? Vo(i) : [], c = o.value ? s : Bo(s, pc), l = i?.control || !a ? s : Ho(a), u = i?.control ? c : o.value ? l : l.slice(0, pc);
	return /* @__PURE__ */ M(Z, {
		name: "carried",
		title: "What carried it",
		note: i ? /* @__PURE__ */ M(vc, { tested: i }) : /* @__PURE__ */ M(_c, { failed: !!r?.error }),
		children: [
			/* @__PURE__ */ M(V, { answer: r }),
			i ? /* @__PURE__ */ M(X, {
				name: "carried",
				figure: (e) => cs(i, c, e),
				table: () => ls(i, s),
				data: i
			}) : null,
			u.length > 0 ? /* @__PURE__ */ M(bc, {
				explained: i ?? n,
				parts: u,
				waiting: yc(r)
			}) : null,
			/* @__PURE__ */ M(ic, { parts: u.slice(0, pc).map(({ part: e }) => e) }),
			i?.control ? /* @__PURE__ */ M(Sc, { control: i.control }) : null,
			e ? null : /* @__PURE__ */ M(Cc, { explained: n }),
			/* @__PURE__ */ M("p", {
				class: "controls end",
				children: [l.length > pc ? /* @__PURE__ */ M("button", {
					type: "button",
					"aria-pressed": o.value,
					onClick: () => o.value = !o.value,
					children: o.value ? "Fewer" : `All ${l.length} that were ${i ? "looked at" : "listed"}`
				}) : null, e ? null : /* @__PURE__ */ M("button", {
					type: "button",
					onClick: () => t.go("parts"),
					children: "All parts"
				})]
			})
		]
	});
}
function _c({ failed: e }) {
	return /* @__PURE__ */ M(x, { children: ["What each adds, the largest first. ", e ? "None was switched off." : "Each is now being switched off …"] });
}
function vc({ tested: { control: e } }) {
	return e ? /* @__PURE__ */ M(x, { children: [
		"Each part alone ",
		/* @__PURE__ */ M(Q, {
			name: "zeroed",
			children: "set to zero"
		}),
		" where the question is asked",
		e.heads ? /* @__PURE__ */ M(x, { children: [
			", ranked among all ",
			e.heads.count,
			" ",
			/* @__PURE__ */ M(Q, {
				name: "attention head",
				children: "heads"
			})
		] }) : null,
		e.neurons ? /* @__PURE__ */ M(x, { children: [
			e.heads ? " or " : ", ranked among ",
			e.neurons.count,
			" active ",
			/* @__PURE__ */ M(Q, {
				name: "neuron",
				children: "neurons"
			})
		] }) : null,
		"."
	] }) : /* @__PURE__ */ M(x, { children: "No part was switched off: this was made without its tests." });
}
function yc(e) {
	return e !== null && !e.result && !e.error;
}
function bc(e) {
	let { explained: t, parts: n } = e, r = z(t.target.text.trim() || t.target.text), i = t.reference.kind === "versus", a = i ? t.ledger.value : t.target.probability, o = (e) => i ? a + e.effect.nats : e.probability, s = [
		a,
		...n.filter(Lo).map(o),
		0
	], [c, l] = i ? [Math.min(...s), Math.max(...s)] : [0, 1], u = (e) => (e - c) / Math.max(l - c, 1e-12), d = (e) => `${100 * u(e)}%`;
	return /* @__PURE__ */ M(gi, {
		label: "Heads and neurons, one a row",
		children: /* @__PURE__ */ M("table", { children: [/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
			/* @__PURE__ */ M("th", {
				scope: "col",
				children: "part"
			}),
			/* @__PURE__ */ M("th", {
				scope: "col",
				class: "number wide-only",
				title: "What it writes toward what is explained, directly: its row of the ledger",
				children: ["adds, ", /* @__PURE__ */ M(Q, {
					name: "logit",
					children: "logits"
				})]
			}),
			/* @__PURE__ */ M("th", {
				scope: "col",
				class: "without-column wide-only bars-column",
				children: [i ? `lead of ${r} without it` : `${r} without it`, /* @__PURE__ */ M("span", {
					class: "scale",
					children: [
						u(a) > mc ? /* @__PURE__ */ M("span", {
							class: "low",
							children: i ? I(c) : "0%"
						}) : null,
						u(a) < .8 ? /* @__PURE__ */ M("span", {
							class: "high",
							children: i ? I(l) : "100%"
						}) : null,
						/* @__PURE__ */ M("span", {
							class: "mark-before",
							style: { "--at": d(a) },
							children: [i ? I(a) : L(a), " with it"]
						})
					]
				})]
			}),
			/* @__PURE__ */ M("th", {
				scope: "col",
				class: "number",
				children: "with → without"
			}),
			/* @__PURE__ */ M("th", {
				scope: "col",
				children: "what it does here"
			})
		] }) }), /* @__PURE__ */ M("tbody", { children: n.map((t) => /* @__PURE__ */ M("tr", { children: [
			/* @__PURE__ */ M("th", {
				scope: "row",
				children: /* @__PURE__ */ M(xo, { part: t.part })
			}),
			/* @__PURE__ */ M("td", {
				class: "number wide-only",
				children: /* @__PURE__ */ M(_s, { value: t.credit })
			}),
			Lo(t) ? /* @__PURE__ */ M(xc, {
				carrier: t,
				before: a,
				after: o(t),
				lead: i,
				place: d
			}) : /* @__PURE__ */ M(x, { children: [
				/* @__PURE__ */ M("td", { class: "wide-only bars-column" }),
				/* @__PURE__ */ M("td", {
					class: "number",
					children: e.waiting ? "…" : "not switched off"
				}),
				/* @__PURE__ */ M("td", { children: Lr(t.does) })
			] })
		] }, fn(t.part))) })] })
	});
}
function xc(e) {
	let { before: t, after: n, lead: r, place: i } = e, { effect: a, says: o } = e.carrier, s = r ? [I(t), I(n)] : Dr(t, n), c = Math.abs(Number.parseFloat(i(n)) - Number.parseFloat(i(0)));
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M("td", {
			class: "wide-only bars-column",
			children: /* @__PURE__ */ M("span", {
				class: `left ${n > t ? "more" : "less"}`,
				"aria-hidden": "true",
				children: [/* @__PURE__ */ M("i", { style: {
					left: i(Math.min(n, 0)),
					width: `${c}%`
				} }), /* @__PURE__ */ M("b", { style: { left: i(t) } })]
			})
		}),
		/* @__PURE__ */ M("td", {
			class: "number",
			title: `${F(a.nats)} nats`,
			children: [
				s[0],
				" → ",
				s[1]
			]
		}),
		/* @__PURE__ */ M("td", { children: [
			/* @__PURE__ */ M("span", {
				class: `tag ${o.kind.replace(" ", "-")}`,
				children: o.kind === "holds back" ? `holds it back, ${o.tag}` : o.tag
			}),
			" ",
			/* @__PURE__ */ M("span", {
				title: e.carrier.through.length > 0 ? hc : void 0,
				children: Lr(o.does)
			})
		] })
	] });
}
function Sc({ control: e }) {
	let [t, n] = ["heads", "neurons"].flatMap((t) => {
		let n = e[t]?.limit ?? null;
		return n === null ? [] : [{
			kind: t,
			moves: F(n)
		}];
	});
	return t ? /* @__PURE__ */ M("p", {
		class: "small",
		children: [
			"Of the ",
			t.kind,
			", one in twenty moves it by ",
			t.moves,
			" ",
			/* @__PURE__ */ M(Q, { name: "nats" }),
			" or more",
			n ? `; of the ${n.kind}, by ${n.moves}` : "",
			"."
		]
	}) : null;
}
function Cc({ explained: e }) {
	let { sum: t, error: n, holds: r } = ps(e.ledger), { kind: i, text: a } = e.reference, o = i === "mean" ? "the model's own logit above the mean of the vocabulary" : i === "raw" ? "the model's own logit" : `the model's own lead over ${z(a ?? "")}`;
	return /* @__PURE__ */ M("p", {
		class: r ? "note" : "error",
		children: [
			"All ",
			e.ledger.terms.length,
			" parts add up to ",
			/* @__PURE__ */ M("strong", { children: I(t) }),
			", ",
			o,
			r ? " ✓" : `, which is ${I(e.ledger.value)}`,
			" ",
			/* @__PURE__ */ M("span", {
				class: "small",
				children: [
					"(off by ",
					wr(n),
					")"
				]
			})
		]
	});
}
// src/lib/align.ts
function wc(e, t) {
	let n = [], [r, i] = [0, 0];
	for (let [a, o] of [...Ec(e, t), [e.length, t.length]]) {
		let s = a - r === o - i;
		for (; r < a;) n.push({
			a: r,
			b: s ? i : null,
			how: s ? "differs" : "alone"
		}), r += 1, s && (i += 1);
		for (; i < o; i += 1) n.push({
			a: null,
			b: i,
			how: "alone"
		});
		a < e.length && o < t.length && n.push({
			a,
			b: o,
			how: "same"
		}), [r, i] = [a + 1, o + 1];
	}
	return n;
}
function Tc(e) {
	return e.flatMap(({ a: e, b: t }) => e === null || t === null ? [] : [[e, t]]);
}
function Ec(e, t) {
	let n = 0;
	for (; n < e.length && n < t.length && e[n] === t[n];) n += 1;
	let r = 0;
	for (; r < Math.min(e.length, t.length) - n && e.at(-1 - r) === t.at(-1 - r);) r += 1;
	let i = Dc(e.slice(n, e.length - r), t.slice(n, t.length - r));
	return [
		...Array.from({ length: n }, (e, t) => [t, t]),
		...i.map(([e, t]) => [e + n, t + n]),
		...Array.from({ length: r }, (n, i) => [e.length - r + i, t.length - r + i])
	];
}
function Dc(e, t) {
	let n = t.length + 1, r = new Uint16Array((e.length + 1) * n), i = (e, t) => r[e * n + t] ?? 0;
	for (let a = e.length - 1; a >= 0; --a) for (let o = t.length - 1; o >= 0; --o) r[a * n + o] = e[a] === t[o] ? i(a + 1, o + 1) + 1 : Math.max(i(a + 1, o), i(a, o + 1));
	let a = [];
	for (let n = 0, r = 0; n < e.length && r < t.length;) e[n] === t[r] ? a.push([n++, r++]) : i(n + 1, r) >= i(n, r + 1) ? n += 1 : r += 1;
	return a;
}
// src/hooks/useCompared.ts
function Oc() {
	let e = A(), t = e.at.b.value, { position: n } = e.answered.value ?? e.state.value, r = e.explained.value, i = e.followed(), a = e.beside(), o = t !== null && t !== "" && r !== null && i !== null && t !== i[a], { position: s, ...c } = i ?? {}, l = {
		...c,
		[a]: t
	}, u = Vt(o ? Os(l) : null), d = o && u?.result ? wc(kc(r), kc(u.result)) : null, f = d && r ? Tc(d).find(([e]) => e === r.position) : void 0, p = Vt(o && n !== null && f ? Os({
		...l,
		position: f[1]
	}) : null);
	if (!o) return null;
	let m = n === null ? u : f ? p : u?.result ? null : u;
	return {
		answer: m,
		result: m?.result ?? null,
		columns: d,
		mate: f?.[1] ?? null
	};
}
function kc(e) {
	return e.tokens.map((e) => e.id);
}
// src/lib/figure/compare.ts
var Ac = 20;
function jc(e, t, n) {
	let r = [...hs(e.ledger.terms, t.ledger.terms)].sort((e, t) => Math.abs(Mc(t)) - Math.abs(Mc(e))), i = r.slice(Ac), a = fs(r.map(Mc)), o = fs(i.map(Mc)), s = [
		...r.slice(0, Ac).map((e) => ({
			name: xn(e.term),
			value: Mc(e),
			number: I(Mc(e))
		})),
		...i.length > 0 ? [{
			name: `${i.length} others (net)`,
			value: o,
			number: I(o),
			other: !0
		}] : [],
		{
			name: "total",
			value: a,
			number: I(a),
			other: !0,
			total: !0
		}
	];
	return J(H, [es(H, {
		rows: s,
		axis: os(s.map((e) => e.value), "A minus B, logits", (e) => I(e, +!Number.isInteger(e)))
	})], {
		shows: `Two prompts compared: the difference, A minus B, of what each part adds to ${Ma(e.target, e.reference)} (${I(e.ledger.value)} in A, ${I(t.ledger.value)} in B). Hatched: less in A.`,
		made: e,
		asked: n,
		about: ja(e.target)
	});
}
function Mc({ a: e, b: t }) {
	return (e ?? 0) - (t ?? 0);
}
function Nc(e, t) {
	return {
		head: [
			"term",
			"a_logits",
			"b_logits",
			"difference"
		],
		rows: hs(e.ledger.terms, t.ledger.terms).map((e) => [
			xn(e.term),
			e.a,
			e.b,
			Mc(e)
		])
	};
}
// src/panels/Patch.tsx
var Pc = {
	resid_pre: "stream before a block",
	attention: "attention's write",
	mlp: "MLP's write"
};
function Fc(e) {
	let t = A(), { a: n, target: r, vs: i } = t.answered.value ?? t.state.value, a = k("resid_pre"), { answer: o, result: s, stale: c } = Ut({
		ask: "patch",
		prompt: n,
		prompt_b: e.promptB,
		site: a.value,
		align: e.pairs,
		...r === null ? {} : { target: r },
		...i === null ? {} : { vs: i }
	});
	return /* @__PURE__ */ M("div", {
		class: "has-exports",
		children: [
			/* @__PURE__ */ M("h3", { children: [/* @__PURE__ */ M(Q, {
				name: "patching",
				children: "Patching"
			}), ": B with one value of A at a time"] }),
			/* @__PURE__ */ M("p", {
				class: "controls",
				children: /* @__PURE__ */ M("label", { children: [
					"Value",
					" ",
					/* @__PURE__ */ M("select", {
						value: a.value,
						onChange: (e) => a.value = e.currentTarget.value,
						children: Object.entries(Pc).map(([e, t]) => /* @__PURE__ */ M("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ M(V, { answer: o }),
			s ? /* @__PURE__ */ M("div", {
				class: c ? "stale" : "",
				children: /* @__PURE__ */ M(Ic, {
					result: s,
					promptB: e.promptB
				})
			}) : null
		]
	});
}
function Ic({ result: e, promptB: t }) {
	let n = A(), r = k(0), i = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), a = [...new Set(e.grid.map((e) => e.layer))].sort((e, t) => t - e), o = new Map(e.grid.map((e) => [`${e.layer} ${e.position ?? 0}`, e])), s = i.slice(r.value, r.value + 128), c = (e, t) => o.get(`${a[t]} ${s[e]}`), l = (t) => B(e.clean_tokens[t]), u = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), d = (t) => t ? `L${t.layer}, position ${t.position} ${l(t.position ?? 0)}: ${e.metric} ${F(t.value)}, effect ${I(t.effect ?? 0)}` : "", f = (e.target ?? []).map((e) => z(e.text)).join("");
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(X, {
			name: "patching",
			figure: (t) => Ya(e, {
				start: r.value,
				size: 128
			}, t),
			table: () => Za(e),
			data: e,
			beside: t
		}),
		/* @__PURE__ */ M("p", {
			class: "note",
			children: [
				e.metric.replace("-", " "),
				" of ",
				f,
				e.versus ? ` over ${z(e.versus.text)}` : "",
				": ",
				F(e.clean),
				" in A,",
				" ",
				F(e.corrupt),
				" in B. ",
				e.complete ? "" : "Not all cells were computed."
			]
		}),
		/* @__PURE__ */ M(So, {
			start: r,
			length: i.length,
			what: "tokens"
		}),
		/* @__PURE__ */ M(co, {
			label: "Effect of patching, by layer and token",
			columns: s.length,
			rows: a.length,
			colour: (e, t) => {
				let n = c(e, t);
				return n ? Fi(n.effect ?? 0, u) : null;
			},
			tell: (e, t) => d(c(e, t)),
			rowName: (e) => `L${a[e]}`,
			columnName: (e) => l(s[e] ?? -1),
			...e.site.startsWith("resid") ? {} : { onChoose: (t, r) => n.select({
				kind: e.site === "mlp" ? "mlp" : "attention",
				layer: a[r] ?? 0
			}) }
		}),
		/* @__PURE__ */ M(bo, {
			kind: "sign",
			low: `${I(-u, 1)} away from A`,
			high: `${I(u, 1)}${u === 1 ? ", as A" : ""}`,
			middle: u === 1 ? "0, as B" : "0, as B; +1 is as A"
		}),
		/* @__PURE__ */ M(_i, {
			label: "effect of patching",
			head: [
				"layer",
				"position",
				e.metric,
				"effect"
			],
			rows: () => e.grid.filter((e) => s.includes(e.position ?? 0)).map((e) => [
				`L${e.layer}`,
				`${e.position} ${l(e.position ?? 0)}`,
				F(e.value),
				e.effect === null ? "—" : I(e.effect)
			])
		})
	] });
}
// src/panels/Compare.tsx
var Lc = 12;
function Rc() {
	let e = A(), t = e.explained.value, n = Oc(), r = e.at.b.value;
	if (!t) return null;
	if (!n) return /* @__PURE__ */ M(Z, {
		name: "compare",
		title: "Compare A and B",
		note: `A second ${e.beside()}, best with as many tokens: its ledger is set beside this one's, and its values are put in here to see which bring its answer.`,
		children: /* @__PURE__ */ M(zc, {})
	});
	let i = n.columns ? Tc(n.columns) : [];
	return /* @__PURE__ */ M(Z, {
		name: "compare",
		title: "Compare A and B",
		children: [
			/* @__PURE__ */ M(zc, {}),
			/* @__PURE__ */ M(V, { answer: n.answer }),
			n.result && n.mate !== null ? /* @__PURE__ */ M(X, {
				name: "compare",
				figure: (e) => jc(t, n.result, e),
				table: () => Nc(t, n.result),
				data: {
					a: t,
					b: n.result
				},
				beside: r ?? ""
			}) : null,
			/* @__PURE__ */ M(Bc, {
				explained: t,
				compared: n
			}),
			n.columns && n.mate === null ? /* @__PURE__ */ M("p", {
				class: "error",
				children: "The explained position of A has no partner in B, so the two ledgers are not set side by side."
			}) : null,
			/* @__PURE__ */ M("div", {
				class: "side-by-side wide",
				children: [n.result && n.mate !== null ? /* @__PURE__ */ M(Hc, {
					a: t,
					b: n.result
				}) : null, e.reads() === null && i.length > 0 && n.mate !== null ? t.position === t.asks ? /* @__PURE__ */ M(Fc, {
					pairs: i,
					promptB: r ?? ""
				}) : /* @__PURE__ */ M("p", {
					class: "note",
					children: "Patching is read at the last token; choose it to see this map."
				}) : null]
			})
		]
	});
}
function zc() {
	let e = A(), { a: t, b: n, source: r } = e.state.value, i = e.beside(), a = e.data.host !== "report" && e.reads() !== "audio";
	return n === null ? /* @__PURE__ */ M("button", {
		type: "button",
		disabled: !a,
		onClick: () => e.set({ b: i === "source" ? r : t }),
		children: [
			"A | B: add ",
			i,
			" B"
		]
	}) : /* @__PURE__ */ M("div", {
		class: "fields",
		children: [/* @__PURE__ */ M(Gr, {
			name: "b",
			label: i === "source" ? "Source B" : "Prompt B",
			wide: !0,
			live: a
		}), /* @__PURE__ */ M("button", {
			type: "button",
			disabled: !a,
			onClick: () => e.set({ b: null }),
			children: "Without B"
		})]
	});
}
function Bc({ explained: e, compared: t }) {
	let n = t.result?.tokens ?? [];
	if (!t.columns || !t.result) return null;
	let r = {
		same: "=",
		differs: "≠",
		alone: "∅"
	};
	return /* @__PURE__ */ M(gi, {
		label: "Tokens of A and B",
		children: [/* @__PURE__ */ M("table", {
			class: "columns",
			children: /* @__PURE__ */ M("tbody", { children: [
				/* @__PURE__ */ M("tr", { children: [/* @__PURE__ */ M("th", {
					scope: "row",
					children: "A"
				}), t.columns.map(({ a: t, how: n }, r) => /* @__PURE__ */ M("td", {
					class: n,
					children: t === null ? "—" : /* @__PURE__ */ M($, {
						text: e.tokens[t]?.text ?? "",
						fragment: e.tokens[t]?.fragment
					})
				}, r))] }),
				/* @__PURE__ */ M("tr", { children: [/* @__PURE__ */ M("th", {
					scope: "row",
					children: /* @__PURE__ */ M("span", {
						class: "hidden",
						children: "aligned"
					})
				}), t.columns.map(({ how: e }, t) => /* @__PURE__ */ M("td", {
					class: e,
					title: e,
					children: [r[e], /* @__PURE__ */ M("span", {
						class: "hidden",
						children: e
					})]
				}, t))] }),
				/* @__PURE__ */ M("tr", { children: [/* @__PURE__ */ M("th", {
					scope: "row",
					children: "B"
				}), t.columns.map(({ b: e, how: t }, r) => /* @__PURE__ */ M("td", {
					class: t,
					children: e === null ? "—" : /* @__PURE__ */ M($, {
						text: n[e]?.text ?? "",
						fragment: n[e]?.fragment
					})
				}, r))] })
			] })
		}), /* @__PURE__ */ M("p", {
			class: "note",
			children: "= equal; ≠ replaced, set side by side; ∅ without a partner."
		})]
	});
}
var Vc = (e) => (e.a ?? 0) - (e.b ?? 0);
function Hc({ a: e, b: t }) {
	let n = hs(e.ledger.terms, t.ledger.terms).sort((e, t) => Math.abs(Vc(t)) - Math.abs(Vc(e))), r = n.slice(0, Lc), i = n.slice(Lc), a = Math.max(0, ...n.map((e) => Math.abs(Vc(e)))), o = (e) => [
		fs(e.map((e) => e.a ?? 0)),
		fs(e.map((e) => e.b ?? 0)),
		fs(e.map(Vc))
	];
	return /* @__PURE__ */ M("table", {
		class: "differences",
		children: [
			/* @__PURE__ */ M("caption", { children: [
				"Ledger of ",
				/* @__PURE__ */ M($, { text: e.target.text }),
				": ",
				L(e.target.probability),
				" in A,",
				" ",
				L(t.target.probability),
				" in B"
			] }),
			/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
				/* @__PURE__ */ M("th", {
					scope: "col",
					children: "part"
				}),
				/* @__PURE__ */ M("th", {
					scope: "col",
					class: "number",
					children: "A"
				}),
				/* @__PURE__ */ M("th", {
					scope: "col",
					class: "number",
					children: "B"
				}),
				/* @__PURE__ */ M("th", {
					scope: "col",
					class: "number",
					children: "A − B"
				}),
				/* @__PURE__ */ M("th", {
					scope: "col",
					class: "wide-only",
					children: /* @__PURE__ */ M("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ M("tbody", { children: [r.map((e) => {
				let t = Sn(e.term);
				return /* @__PURE__ */ M("tr", { children: [
					/* @__PURE__ */ M("th", {
						scope: "row",
						children: t ? /* @__PURE__ */ M(xo, { part: t }) : xn(e.term)
					}),
					/* @__PURE__ */ M("td", {
						class: "number",
						children: e.a === null ? "—" : I(e.a)
					}),
					/* @__PURE__ */ M("td", {
						class: "number",
						children: e.b === null ? "—" : I(e.b)
					}),
					/* @__PURE__ */ M("td", {
						class: "number",
						children: /* @__PURE__ */ M(_s, { value: Vc(e) })
					}),
					/* @__PURE__ */ M("td", {
						class: "wide-only",
						children: /* @__PURE__ */ M(gs, {
							value: Vc(e),
							largest: a
						})
					})
				] }, ms(e.term));
			}), /* @__PURE__ */ M(Uc, {
				name: `${i.length} others (net)`,
				sums: o(i)
			})] }),
			/* @__PURE__ */ M("tfoot", { children: /* @__PURE__ */ M(Uc, {
				name: "total",
				sums: o(n)
			}) })
		]
	});
}
function Uc({ name: e, sums: t }) {
	return /* @__PURE__ */ M("tr", {
		class: e === "total" ? "total" : "others",
		children: [
			/* @__PURE__ */ M("th", {
				scope: "row",
				children: e
			}),
			t.map((e, t) => /* @__PURE__ */ M("td", {
				class: "number",
				children: I(e)
			}, t)),
			/* @__PURE__ */ M("td", { class: "wide-only" })
		]
	});
}
// src/lib/effects.ts
function Wc(e, t) {
	let n = Gc(e, t);
	if (n) {
		let e = n.difference ?? n.effect;
		return {
			nats: e.nats,
			probability: n.probability,
			effect: e
		};
	}
	if (t.head === void 0 || t.encoder) return null;
	let r = e.head_effects.find((e) => e.layer === t.layer && e.head === t.head && (e.cross ?? !1) === mn(t));
	return r ? {
		...r,
		effect: null
	} : null;
}
function Gc(e, t) {
	if (t.encoder) return null;
	let { layer: n } = t;
	return (t.head === void 0 ? t.kind === "neuron" ? e.neurons.find((e) => e.layer === n && e.neuron === t.neuron && (e.expert ?? void 0) === t.expert) : e.sublayers.find((e) => e.kind === t.kind && e.layer === n) : e.heads.find((e) => e.cross === mn(t) && e.layer === n && e.head === t.head))?.zeroed ?? null;
}
function Kc({ reference: e, ledger: t, target: n }, { nats: r, probability: i }) {
	return e.kind === "versus" ? [I(t.value), I(t.value + r)] : Dr(n.probability, i);
}
function qc(e) {
	let t = [...new Set(e.map((e) => e.layer))].sort((e, t) => e - t), n = new Map(e.map((e) => [Jc(e), e]));
	return {
		layers: t,
		rows: [!1, !0].flatMap((t) => [...new Set(e.filter((e) => (e.cross ?? !1) === t).map((e) => e.head))].sort((e, t) => e - t).map((e) => ({
			name: `${t ? "X" : "H"}${e}`,
			at: (r) => n.get(Jc({
				layer: r,
				head: e,
				cross: t
			}))
		}))),
		largest: Math.max(0, ...e.map((e) => Math.abs(e.nats)))
	};
}
function Jc({ layer: e, head: t, cross: n }) {
	return `${e} ${t} ${n ?? !1}`;
}
function Yc(e) {
	return P(N(e));
}
// src/lib/figure/effects.ts
function Xc(e, t) {
	let { layers: n, rows: r, largest: i } = qc(e.head_effects), a = (e, t) => -(r[t]?.at(n[e] ?? -1)?.nats ?? 0), o = n.length > 12 ? U : H, s = wa(o, {
		columns: n.length,
		rows: r.length,
		colour: (e, t) => r[t]?.at(n[e] ?? -1) ? Fi(a(e, t), i, !1) : null,
		negative: (e, t) => a(e, t) < -i / 20,
		words: (e, t) => I(-a(e, t)),
		columnName: (e) => String(n[e] ?? ""),
		rowName: (e) => r[e]?.name ?? "",
		columnLabel: "layer",
		rowLabel: "head",
		legend: qa("falls without the head, nats", i)
	}), { target: c, reference: l } = e, u = l.kind === "versus" ? `the lead of “${Y(c.text)}” over “${Y(l.text ?? "")}”` : `the log-odds of “${Y(c.text)}”`;
	return J(o, [s], {
		shows: `Every head set to zero alone, where the question is asked: how far ${u} falls without it (hatched: it rises).`,
		made: e,
		asked: t,
		about: ja(c)
	});
}
function Zc(e) {
	let t = e.reference.kind === "versus" ? "logit difference" : "log-odds";
	return {
		head: [
			"head",
			"layer",
			"effect_nats",
			"effect_of",
			"probability",
			"probability_without"
		],
		rows: e.head_effects.map((n) => [
			Yc(n),
			n.layer,
			n.nats,
			t,
			e.target.probability,
			n.probability
		])
	};
}
// src/panels/Effects.tsx
function Qc() {
	let e = Zt();
	return !e || e.head_effects.length === 0 ? null : /* @__PURE__ */ M(Z, {
		name: "effects",
		title: /* @__PURE__ */ M(x, { children: [
			"Every ",
			/* @__PURE__ */ M(Q, {
				name: "attention head",
				children: "head"
			}),
			" switched off"
		] }),
		note: /* @__PURE__ */ M(x, { children: [
			"The ",
			nl(e) ? "lead" : "probability",
			" of ",
			tl(e),
			" with one head at a time",
			" ",
			/* @__PURE__ */ M(Q, {
				name: "zeroed",
				children: "set to zero"
			}),
			". A cell chooses its head."
		] }),
		children: [/* @__PURE__ */ M(X, {
			name: "heads-switched-off",
			figure: (t) => Xc(e, t),
			table: () => Zc(e),
			data: e
		}), /* @__PURE__ */ M($c, { tested: e })]
	});
}
function $c({ tested: e }) {
	let t = A(), { layers: n, rows: r, largest: i } = qc(e.head_effects), a = (e, t) => r[t]?.at(n[e] ?? -1), o = t.at.selection.value, s = r.flatMap((e, t) => n.map((e, n) => [n, t])), c = ([e, t]) => Math.abs(a(e, t)?.nats ?? 0), l = s.reduce((e, t) => c(t) > c(e) ? t : e, [0, 0]);
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(co, {
			label: `Effect of zeroing each head on ${tl(e)}, by head and layer`,
			columns: n.length,
			rows: r.length,
			height: r.length > 16 ? 12 : 16,
			colour: (e, t) => {
				let n = a(e, t);
				return n ? Fi(-n.nats, i) : null;
			},
			rest: l,
			tell: (t, n) => el(e, a(t, n)),
			rowName: (e) => r[e]?.name ?? "",
			columnName: (e) => `L${n[e]}`,
			marked: (e, t) => {
				let n = a(e, t);
				return n !== void 0 && o !== null && dn(N(n), o);
			},
			onChoose: (e, n) => {
				let r = a(e, n);
				r && t.select(N(r));
			}
		}),
		/* @__PURE__ */ M(bo, {
			kind: "sign",
			low: `rises by ${F(i)} nats without it`,
			high: `falls by ${F(i)} nats without it`,
			middle: "no change"
		}),
		/* @__PURE__ */ M(_i, {
			label: "effect of zeroing each head",
			head: [
				"head",
				"nats",
				tl(e)
			],
			rows: () => [...e.head_effects].sort((e, t) => Math.abs(t.nats) - Math.abs(e.nats)).map((t) => [
				Yc(t),
				I(t.nats),
				Kc(e, t).join(" → ")
			])
		})
	] });
}
function el(e, t) {
	if (!t) return "";
	let [n, r] = Kc(e, t);
	return `${Yc(t)}: ${tl(e)} ${n} → ${r} without it (${I(t.nats)} nats)`;
}
function tl({ target: e }) {
	return z(e.text.trim() || e.text);
}
function nl({ reference: e }) {
	return e.kind === "versus";
}
// src/lib/flow.ts
var rl = 60;
function il(e, t, n = rl) {
	let r = /* @__PURE__ */ new Map([[al, ol(e)]]), i = /* @__PURE__ */ new Map(), a = [], o = [], s = [...e.paths].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	for (let c of s) {
		if (Math.abs(c.value) < t * Math.abs(e.value)) break;
		let s = [sl(c), ...c.steps.map(cl)], l = s.filter((e) => !r.has(e.id));
		if (r.size + l.length > n) break;
		for (let e of l) r.set(e.id, e);
		let u = [...s.map((e) => e.id), al];
		u.slice(1).forEach((e, t) => {
			let n = u[t], r = i.get(`${n} ${e}`) ?? {
				from: n,
				to: e,
				value: 0
			};
			i.set(`${n} ${e}`, {
				...r,
				value: r.value + c.value
			});
		}), a.push(c), o.push(u);
	}
	return {
		nodes: [...r.values()],
		edges: [...i.values()],
		paths: a,
		along: o,
		remainder: {
			count: e.paths.length - a.length + e.small_count,
			value: e.value - fs(a.map((e) => e.value))
		}
	};
}
var al = "output";
function ol(e) {
	let { position: t, model: n } = e;
	return {
		id: al,
		label: "",
		position: t,
		ofSource: !1,
		height: n.layers,
		carries: !1,
		source: null,
		part: null
	};
}
function sl(e) {
	let { kind: t, layer: n, position: r } = e, i = e.of_source ?? !1, a = i && !t.startsWith("cross"), o = n === null ? -1 : n + (t.startsWith("cross") ? .3 : .6);
	return {
		id: `${bn(t, a)} ${n} ${r}`,
		label: bn(xn({
			kind: t,
			layer: n
		}), a),
		position: r,
		ofSource: i,
		height: fl(o, a),
		carries: !1,
		source: null,
		part: t === "mlp" && n !== null ? {
			kind: "mlp",
			layer: n,
			...a ? { encoder: a } : {}
		} : null
	};
}
function cl(e) {
	let { layer: t, head: n, source: r, destination: i } = e, a = e.encoder ?? !1, o = N(e);
	return {
		id: `${bn(o.kind, a)} ${t} ${n} ${r} ${i}`,
		label: P(o),
		position: i,
		ofSource: a,
		height: fl(t + (e.cross ? .4 : .2), a),
		carries: !0,
		source: {
			ofSource: a || (e.cross ?? !1),
			position: r
		},
		part: o
	};
}
function ll(e, t) {
	let n = e.along.map((t, n) => ({
		ids: t,
		path: e.paths[n]
	})).filter(({ ids: e }) => e.includes(t)), r = n.flatMap(({ ids: e }) => e.slice(1).map((t, n) => `${e[n]} ${t}`));
	return {
		paths: n.map(({ path: e }) => e),
		value: fs(n.map(({ path: e }) => e.value)),
		lit: /* @__PURE__ */ new Set([...n.flatMap(({ ids: e }) => e), ...r])
	};
}
function ul(e, t) {
	let n = (t) => e.filter((e) => e.label === t).length > 1;
	return new Map(e.map((e) => e.source && n(e.label) ? [e.id, `${e.label} from ${t(e.source)}`] : [e.id, e.label.endsWith("embedding") ? `${e.label} ${t(e)}` : e.label]));
}
var dl = -1e6;
function fl(e, t) {
	return t ? dl + e : e;
}
function pl(e) {
	return [...new Map(e.map(({ ofSource: e, position: t }) => [ml({
		ofSource: e,
		position: t
	}), {
		ofSource: e,
		position: t
	}])).values()].sort((e, t) => Number(t.ofSource) - Number(e.ofSource) || e.position - t.position);
}
function ml({ ofSource: e, position: t }) {
	return `${e ? "source" : "prompt"} ${t}`;
}
function hl(e, { ofSource: t, position: n }) {
	return t ? { text: e.sources?.[n]?.label ?? "" } : e.tokens[n];
}
function gl(e, t) {
	let n = sl(e), r = e.steps.map(cl).map((e) => ` → ${e.label} (to ${e.position} ${t(e)})`);
	return `${n.label} at ${e.position} ${t(n)}${r.join("")}`;
}
// src/lib/route.ts
var _l = 24, vl = 24, yl = 24, bl = 4;
function xl(e, t, n, r = Infinity) {
	let i = {
		x: (e.x + t.x) / 2,
		y: (e.y + t.y) / 2
	};
	for (let a = 0; a <= yl; a++) for (let o of a === 0 ? [0] : [1, -1]) {
		let s = {
			x: i.x + o * a * vl,
			y: i.y
		};
		if (Cl(e, s, t, n, r)) return s;
	}
	return i;
}
function Sl(e, t, n, r) {
	let [i, a, o] = [
		(1 - r) ** 2,
		2 * r * (1 - r),
		r ** 2
	];
	return {
		x: i * e.x + a * t.x + o * n.x,
		y: i * e.y + a * t.y + o * n.y
	};
}
function Cl(e, t, n, r, i) {
	for (let a = 1; a < _l; a++) {
		let o = Sl(e, t, n, a / _l);
		if (o.x > i || Number.isFinite(i) && o.x < 0 || r.some((e) => wl(o, e))) return !1;
	}
	return !0;
}
function wl({ x: e, y: t }, n) {
	return Math.abs(e - n.x) < n.width / 2 + bl && Math.abs(t - n.y) < n.height / 2 + bl;
}
// src/lib/layout.ts
var Tl = 34, El = 20, Dl = 6.6, Ol = 18, kl = 46, Al = 90, jl = 420;
function Ml(e, t, n = 0) {
	let r = [...new Set(e.map((e) => e.height))].sort((e, t) => t - e), i = pl(e), a = (e) => Math.max((t.get(e.id) ?? "").length * Dl + 12, 34), o = (e) => fs(e.map((e) => a(e) + Ol)), s = i.map((t) => e.filter((e) => ml(e) === ml(t))), c = (e) => r.flatMap((t, n) => [!0, !1].map((r) => ({
		level: n,
		side: r ? -1 : 1,
		row: e.filter((e) => e.height === t && e.carries === r)
	}))), l = s.map((e) => {
		let t = Ol + Math.max(...c(e).map(({ row: e }) => o(e))), n = e.length === 1 ? 1 : 2;
		return Math.max(Al, e.length > r.length / 2 ? jl : 0, n * t);
	}), u = fs(l), d = Math.max(1, n / u), f = /* @__PURE__ */ new Map(), p = [], m = 0;
	return i.forEach((e, t) => {
		let n = s[t] ?? [], i = (l[t] ?? 0) * d;
		p.push({
			column: e,
			x: m,
			width: i
		});
		for (let { level: e, side: t, row: s } of c(n)) {
			let c = Math.min(i / 2 * Math.sqrt(e / r.length), i / 2 - o(s)), l = Math.max(Ol, c);
			for (let r of s) {
				let o = a(r), s = r.id === "output" || n.length === 1 ? 0 : l + o / 2;
				f.set(r.id, {
					x: m + i / 2 + t * s,
					y: e * Tl + El,
					width: o,
					height: El
				}), l += o + Ol;
			}
		}
		m += i;
	}), {
		boxes: f,
		bands: p,
		width: Math.max(u, n),
		height: r.length * Tl + kl
	};
}
function Nl({ boxes: e, bands: t, width: n, height: r }, i, a) {
	let o = [...e].map(([e, t]) => [e, {
		x: a + t.x * i,
		y: t.y * i,
		width: t.width * i,
		height: t.height * i
	}]);
	return {
		boxes: new Map(o),
		bands: t.map((e) => ({
			...e,
			x: a + e.x * i,
			width: e.width * i
		})),
		width: a + n * i,
		height: r * i
	};
}
function Pl(e, t, { boxes: n, width: r }) {
	let [i, a] = [n.get(e), n.get(t)];
	if (!i || !a) return "";
	let o = [...n].flatMap(([n, r]) => n === e || n === t ? [] : [r]), [s, c] = [{
		x: i.x,
		y: i.y - i.height / 2
	}, {
		x: a.x,
		y: a.y + a.height / 2
	}], l = [
		s,
		xl(s, c, o, r),
		c
	].map(({ x: e, y: t }) => `${Number(e.toFixed(2))},${Number(t.toFixed(2))}`);
	return `M${l[0]} Q${l[1]} ${l[2]}`;
}
// src/lib/figure/flow.ts
var Fl = 10, Il = 320;
function Ll(e, t, n) {
	let r = (t) => B(hl(e, t)), i = [...t.paths.slice(0, Fl).map((e) => ({
		name: gl(e, r),
		value: e.value,
		number: I(e.value)
	}))], a = os(i.map((e) => e.value), "logits", (e) => I(e, 1)), o = [Bl(e, t), ...i.length > 0 ? [es(U, {
		rows: i,
		axis: a,
		names: Il
	})] : []], { remainder: s } = t;
	return J(U, o, {
		shows: `Paths from where something is written to ${Ma(e.target, e.reference)} (${I(e.value)}): solid raises it, dashed lowers it, wider is more. ${t.paths.length} paths are drawn; ${s.count} others, constants and unopened heads (net) carry ${I(s.value)}.`,
		made: e,
		asked: n,
		about: ja(e.target)
	});
}
var Rl = 480, zl = .7;
function Bl(e, t) {
	let n = (t) => B(hl(e, t)), r = ul(t.nodes, n).set("output", `${Y(e.target.text)} ${I(e.value)}`), i = Ml(t.nodes, r), a = Math.min(zl, U / i.width, Rl / i.height), o = Nl(i, a, (U - i.width * a) / 2), s = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), c = [
		...t.edges.map((e) => Hl(e, Pl(e.from, e.to, o), s)),
		...t.nodes.map((e) => Vl(e, r.get(e.id) ?? e.label, o.boxes.get(e.id), a)),
		...o.bands.map(({ column: e, x: t, width: r }) => K(t + r / 2, o.height - 6, `${bn(String(e.position), e.ofSource)} ${n(e)}`, {
			size: 12 * a,
			anchor: "middle",
			bold: !0
		}))
	];
	return {
		height: o.height,
		body: c.join("\n")
	};
}
function Vl(e, t, { x: n, y: r, width: i, height: a }, o) {
	let s = {
		rx: e.carries ? a / 2 : 1,
		fill: "#fff",
		stroke: zi,
		"stroke-width": .6
	};
	return Qi(n - i / 2, r - a / 2, i, a, s) + K(n, r + 4 * o, t, {
		size: 11 * o,
		anchor: "middle",
		bold: e.label === ""
	});
}
function Hl({ value: e }, t, n) {
	return Wi("path", {
		d: t,
		fill: "none",
		stroke: e < 0 ? Hi : Vi,
		"stroke-width": .6 + 4 * (n > 0 ? Math.abs(e) / n : 0),
		"stroke-dasharray": e < 0 ? "4 3" : void 0,
		"stroke-opacity": .8
	});
}
function Ul(e) {
	let t = (t) => hl(e, t)?.text ?? "";
	return {
		head: [
			"path",
			"starts_at",
			"layer",
			"position",
			"of_source",
			"heads",
			"logits"
		],
		rows: e.paths.map((e) => [
			gl(e, t),
			e.kind,
			e.layer,
			e.position,
			String(e.of_source ?? !1),
			e.steps.map((e) => `${bn(`L${e.layer}.${e.cross ? "X" : "H"}${e.head}`, e.encoder ?? !1)}`).join(" "),
			e.value
		])
	};
}
// src/panels/Flow.tsx
var Wl = .8;
function Gl() {
	let e = A(), t = e.explained.value, n = e.followed(), { answer: r, result: i, stale: a } = Ut(n ? {
		ask: "paths",
		...n
	} : null), o = k(2);
	return /* @__PURE__ */ M("div", {
		class: "flow-place",
		children: t ? /* @__PURE__ */ M(Z, {
			name: "flow",
			title: "Paths",
			note: /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(Q, {
				name: "path",
				children: "Paths"
			}), " from where something is written, through heads, to the prediction. A band is a token; layers go up. Solid orange raises, dashed purple lowers; the wider, the more."] }),
			children: [
				e.reads() === null ? null : /* @__PURE__ */ M("p", {
					class: "note",
					children: "Columns with the mark “enc.” are positions of the source; paths start in the encoder (enc.) and cross to the prompt by heads of cross-attention (X)."
				}),
				/* @__PURE__ */ M(V, { answer: r }),
				i ? /* @__PURE__ */ M("div", {
					class: a ? "stale" : "",
					children: [
						/* @__PURE__ */ M("label", {
							class: "controls",
							children: [
								"Paths of at least ",
								o.value,
								"% of the logit",
								" ",
								/* @__PURE__ */ M("input", {
									type: "range",
									min: .5,
									max: 10,
									step: .5,
									value: o.value,
									onInput: (e) => o.value = Number(e.currentTarget.value)
								})
							]
						}),
						/* @__PURE__ */ M(X, {
							name: "flow",
							figure: (e) => Ll(i, il(i, o.value / 100), e),
							table: () => Ul(i),
							data: i
						}),
						/* @__PURE__ */ M(Kl, {
							payload: i,
							flow: il(i, o.value / 100)
						})
					]
				}) : null
			]
		}) : null
	});
}
function Kl({ payload: e, flow: t }) {
	let n = (t) => B(hl(e, t)), r = Be(null), i = k(0), a = k(null);
	ro(() => {
		i.value = r.current?.clientWidth ?? 0;
	});
	let o = ul(t.nodes, n);
	o.set("output", `${R(e.target.text)} ${I(e.value)}`);
	let s = Ml(t.nodes, o, i.value), { boxes: c, bands: l, width: u, height: d } = s, f = i.value > 0 ? Math.max(Wl, Math.min(1, i.value / u)) : 1;
	ze(() => {
		let e = r.current?.querySelector(".scroll");
		e && (e.scrollLeft = e.scrollWidth);
	}, [u * f]);
	let p = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), m = a.value !== null && c.has(a.value) ? a.value : null, h = m === null ? null : ll(t, m), g = (e) => h && !h.lit.has(e) ? " faded" : "";
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M("div", {
			ref: r,
			children: /* @__PURE__ */ M(gi, {
				label: "Flow graph",
				children: /* @__PURE__ */ M("svg", {
					class: "flow",
					width: u * f,
					height: d * f,
					viewBox: `0 0 ${u} ${d}`,
					children: [
						/* @__PURE__ */ M("title", { children: `${t.paths.length} paths to ${R(e.target.text)}` }),
						l.map((e, t) => /* @__PURE__ */ M("g", {
							class: "band-of-token",
							children: [
								/* @__PURE__ */ M("rect", {
									x: e.x,
									y: 0,
									width: e.width,
									height: d,
									class: t % 2 ? "odd" : ""
								}),
								/* @__PURE__ */ M("rect", {
									class: "token-node",
									x: e.x + 4,
									y: d - 26,
									width: e.width - 8,
									height: 20,
									rx: 4
								}),
								/* @__PURE__ */ M("text", {
									x: e.x + e.width / 2,
									y: d - 12,
									children: [
										bn(String(e.column.position), e.column.ofSource),
										" ",
										n(e.column)
									]
								})
							]
						}, ml(e.column))),
						t.edges.map((e) => {
							let t = `${e.from} ${e.to}`, n = p > 0 ? Math.abs(e.value) / p : 0;
							return /* @__PURE__ */ M("path", {
								class: `edge ${e.value < 0 ? "negative" : "positive"}${g(t)}`,
								d: Pl(e.from, e.to, s),
								"stroke-width": 1 + 6 * n,
								children: /* @__PURE__ */ M("title", { children: I(e.value) })
							}, t);
						}),
						t.nodes.map((e) => /* @__PURE__ */ M(ql, {
							node: e,
							box: c.get(e.id),
							label: o.get(e.id) ?? e.label,
							faded: g(e.id),
							onOver: (t) => a.value = t ? e.id : null
						}, e.id))
					]
				})
			})
		}),
		/* @__PURE__ */ M("p", {
			class: "told",
			"aria-live": "polite",
			children: h && m !== null ? /* @__PURE__ */ M(x, { children: [
				/* @__PURE__ */ M("strong", { children: o.get(m) }),
				": ",
				h.paths.length,
				" of the paths run through it, together",
				" ",
				I(h.value),
				" logits.",
				" ",
				h.paths.slice(0, 3).map((e, t) => /* @__PURE__ */ M("span", {
					class: "chip",
					children: [
						gl(e, n),
						" ",
						/* @__PURE__ */ M("span", {
							class: "small",
							children: I(e.value)
						})
					]
				}, t))
			] }) : "Point at a node, or go to it with Tab, to see what runs through it."
		}),
		/* @__PURE__ */ M("p", {
			class: "note",
			children: [
				t.paths.length,
				" paths carry ",
				I(fs(t.paths.map((e) => e.value))),
				" of ",
				I(e.value),
				";",
				" ",
				/* @__PURE__ */ M("strong", { children: [
					t.remainder.count,
					" other paths, constants and unopened heads (net) ",
					I(t.remainder.value)
				] }),
				" ",
				"(",
				Er(Math.abs(t.remainder.value / e.value)),
				" of the logit)."
			]
		}),
		/* @__PURE__ */ M(_i, {
			label: "paths",
			head: ["path", "logits"],
			rows: () => [...t.paths.map((e) => [gl(e, n), I(e.value)]), ["all others (net)", I(t.remainder.value)]]
		})
	] });
}
function ql({ node: e, box: t, label: n, faded: r, onOver: i }) {
	let a = A(), { part: o } = e, s = o !== null && dn(o, a.at.selection.value), c = (e) => {
		i(e), a.hovered.value = e ? o : null;
	}, l = () => {
		o && a.select(s ? null : o);
	}, u = o !== null && dn(o, a.hovered.value);
	return /* @__PURE__ */ M("g", {
		class: `spot${o ? " choosable" : ""}${u ? " hovered" : ""}${r}`,
		role: "button",
		tabIndex: 0,
		"aria-pressed": s,
		"aria-label": n,
		onClick: l,
		onKeyDown: (e) => {
			(e.key === "Enter" || e.key === " ") && (l(), e.preventDefault());
		},
		onMouseEnter: () => c(!0),
		onMouseLeave: () => c(!1),
		onFocus: () => c(!0),
		onBlur: () => c(!1),
		children: [/* @__PURE__ */ M("rect", {
			x: t.x - t.width / 2,
			y: t.y - t.height / 2,
			width: t.width,
			height: t.height,
			rx: e.carries ? 9 : 2
		}), /* @__PURE__ */ M("text", {
			x: t.x,
			y: t.y + 4,
			children: n
		})]
	});
}
// src/panels/Generation.tsx
var Jl = 12;
function Yl() {
	let e = A(), t = e.continued, { a: n, source: r } = e.state.value, i = {
		ask: "generate",
		...As({
			prompt: n,
			source: r
		}),
		tokens: Jl
	}, a = e.data.host === "report", o = a && e.desk.peek(i) ? i : t.value, s = Vt(o && Zl(o, i, e.desk.peek(o)) ? o : null);
	return !e.explained.value || a && !o ? null : /* @__PURE__ */ M(Z, {
		name: "generation",
		title: "Generation",
		note: "What the model writes next, taking the top token each time.",
		children: [
			a ? null : /* @__PURE__ */ M("button", {
				type: "button",
				onClick: () => t.value = i,
				children: [
					"Continue by ",
					Jl,
					" tokens"
				]
			}),
			/* @__PURE__ */ M(V, { answer: s }),
			s?.result ? /* @__PURE__ */ M(Ql, { result: s.result }) : null,
			s?.result ? /* @__PURE__ */ M(Xl, { result: s.result }) : null
		]
	});
}
function Xl({ result: e }) {
	return /* @__PURE__ */ M(X, {
		name: "continuation",
		figure: (t) => Ns(e, t),
		table: () => Ps(e),
		data: e
	});
}
function Zl(e, t, n) {
	return [e.prompt, n?.whole].includes(t.prompt) && e.source === t.source;
}
function Ql({ result: e }) {
	let t = A(), { whole: n } = e, r = t.data.host === "report", { position: i, target: a } = t.state.value;
	return /* @__PURE__ */ M(x, { children: [n === null ? /* @__PURE__ */ M("p", {
		class: "note",
		children: "No text has exactly these tokens, so they cannot be explained one by one."
	}) : null, /* @__PURE__ */ M("ol", {
		class: "strip",
		children: e.generated.map((e) => /* @__PURE__ */ M("li", { children: /* @__PURE__ */ M("button", {
			type: "button",
			class: "token",
			title: "Why this token?",
			"aria-pressed": i === e.position - 1 && a === er(e),
			disabled: n === null || r,
			onClick: () => t.set({
				view: "why",
				a: n ?? "",
				position: e.position - 1,
				target: er(e)
			}),
			children: [/* @__PURE__ */ M($, { text: e.text }), /* @__PURE__ */ M("span", {
				class: "index",
				children: L(e.probability)
			})]
		}) }, e.position))
	})] });
}
// src/lib/figure/knew.ts
var $l = 46, eu = H - 6, tu = 112;
function nu(e, t) {
	let n = `“${Y(e.target.text)}”`;
	return J(H, [ru(e)], {
		shows: `Rank of ${n} in what the stream would predict after each layer, by the logit lens; 1 is the top prediction.`,
		made: e,
		asked: t,
		about: ja(e.target)
	});
}
function ru({ lens: e, target: t }) {
	let n = Math.max(1, Math.ceil(Math.log10(Math.max(1, ...e.map((e) => e.rank))))), r = (t) => $l + t * (eu - $l) / Math.max(e.length - 1, 1), i = (e) => tu - Math.log10(e) / n * 104, a = Array.from({ length: n + 1 }, (e, t) => 10 ** t), o = [
		1,
		2,
		5,
		10
	].find((t) => e.length / t <= 12) ?? 20;
	return {
		height: 135,
		body: [
			...a.map((e) => $i($l, i(e), eu, i(e), { stroke: Bi })),
			...a.map((e) => K(41, i(e) + 2.4, e.toLocaleString("en"), {
				size: G,
				anchor: "end",
				fill: W
			})),
			$i($l, tu, eu, tu, { stroke: zi }),
			...e.map((e, t) => e.layer === null || e.layer % o === 0 && (e.layer > 0 || o === 1) ? $i(r(t), tu, r(t), 114.5, { stroke: zi }) + K(r(t), 121.5, e.layer === null ? "emb" : String(e.layer), {
				size: G,
				anchor: "middle",
				fill: W
			}) : ""),
			Wi("polyline", {
				points: e.map((e, t) => `${r(t).toFixed(2)},${i(e.rank).toFixed(2)}`).join(" "),
				fill: "none",
				stroke: Vi,
				"stroke-width": 1.4,
				"stroke-linejoin": "round"
			}),
			...e.map((e, t) => Wi("circle", {
				cx: r(t),
				cy: i(e.rank),
				r: 1.6,
				fill: Vi
			})),
			K(($l + eu) / 2, 132, "read after layer (emb: the embedding)", {
				size: G + .5,
				anchor: "middle"
			}),
			K(8, 60, `rank of ${Y(t.text)} (log)`, {
				size: G + .5,
				anchor: "middle",
				turn: -90
			})
		].join("\n")
	};
}
function iu({ lens: e }) {
	return {
		head: [
			"layer",
			"rank",
			"probability",
			"kl_nats",
			"top_token",
			"top_probability"
		],
		rows: e.map((e) => [
			Na(e.layer),
			e.rank,
			e.probability,
			e.kl,
			e.top.text,
			e.top_probability
		])
	};
}
// src/panels/Knew.tsx
var au = 360, ou = 150, su = 44, cu = 14, lu = new Intl.NumberFormat("en", { notation: "compact" });
function uu() {
	let e = A().explained.value, t = Zt();
	return !e || e.lens.length === 0 ? null : /* @__PURE__ */ M(Z, {
		name: "knew",
		title: "When it knew",
		note: `Rank of ${z(e.target.text)} in what the stream would predict after each layer (1 is the top).`,
		children: [
			/* @__PURE__ */ M(X, {
				name: "rank-by-layer",
				figure: (t) => nu(e, t),
				table: () => iu(e),
				data: e
			}),
			/* @__PURE__ */ M(fu, {
				explained: e,
				tested: t
			}),
			/* @__PURE__ */ M(_i, {
				label: "rank by layer",
				head: [
					"layer",
					"rank",
					"probability",
					"top token"
				],
				rows: () => e.lens.map((e) => [
					du(e.layer),
					`${e.rank}`,
					L(e.probability),
					/* @__PURE__ */ M("bdi", { children: z(e.top.text) }, "top")
				])
			})
		]
	});
}
function du(e) {
	return e === null ? "embedding" : `L${e}`;
}
function fu({ explained: e, tested: t }) {
	let n = e.lens, r = Math.max(1, Math.ceil(Math.log10(Math.max(...n.map((e) => e.rank))))), i = (e) => su + e * 304 / Math.max(n.length - 1, 1), a = (e) => 128 - Math.log10(e) / r * 114, o = pu(e, t), s = Array.from({ length: r + 1 }, (e, t) => 10 ** t).filter((e, t) => r <= 3 || t % 2 == 0 || t === r);
	return /* @__PURE__ */ M("svg", {
		class: "curve",
		viewBox: `0 0 ${au} ${ou}`,
		role: "img",
		"aria-label": "Rank of the target by layer",
		children: [
			s.map((e) => /* @__PURE__ */ M("g", { children: [/* @__PURE__ */ M("line", {
				x1: su,
				x2: 348,
				y1: a(e),
				y2: a(e),
				class: "grid-line"
			}), /* @__PURE__ */ M("text", {
				x: 38,
				y: a(e) + 4,
				"text-anchor": "end",
				children: e === 1 ? "top, 1" : lu.format(e)
			})] }, e)),
			/* @__PURE__ */ M("polyline", { points: n.map((e, t) => `${i(t)},${a(e.rank)}`).join(" ") }),
			o.map(({ place: e, text: t }, r) => {
				let o = e > n.length / 2;
				return /* @__PURE__ */ M("g", { children: [/* @__PURE__ */ M("circle", {
					cx: i(e),
					cy: a(n[e]?.rank ?? 1),
					r: 4
				}), /* @__PURE__ */ M("text", {
					class: "strong",
					x: i(e) + (o ? -9 : 9),
					y: Math.max(cu, a(n[e]?.rank ?? 1) + (r === 0 && n[e]?.rank !== 1 ? 12 : -8)),
					"text-anchor": o ? "end" : "start",
					children: t
				})] }, e);
			}),
			/* @__PURE__ */ M("text", {
				x: su,
				y: 145,
				children: "embedding"
			}),
			/* @__PURE__ */ M("text", {
				x: 348,
				y: 145,
				"text-anchor": "end",
				children: ["layer ", n.at(-1)?.layer]
			})
		]
	});
}
function pu(e, t) {
	let n = e.lens, r = t?.answer.part ? _n(t.answer.part) : null, i = [], a = r && !r.encoder ? n.findIndex((e) => e.layer === r.layer) : -1;
	a >= 0 && i.push({
		place: a,
		text: `after ${t?.answer.part}: ${n[a]?.rank.toLocaleString("en")}`
	});
	let o = n.length;
	for (; o > 0 && n[o - 1]?.rank === 1;) o--;
	return o < n.length && o !== a && i.push({
		place: o,
		text: `top from ${du(n[o]?.layer ?? null)} on`
	}), i;
}
// src/lib/figure/knowledge.ts
var mu = 12;
function hu(e, t) {
	let n = Mn(e), r = e.layers.map((e) => e.sum ?? 0), i = e.attributions.slice(0, mu).map((e) => ({
		name: Nn(e),
		value: e.value,
		number: I(e.value, 3)
	})), a = os(i.map((e) => e.value), "attribution of the strongest neurons, probability", (e) => I(e, 2)), o = Y(e.target.map((e) => e.text).join(""));
	return J(H, [...n.map((e) => vu(e, r)), ...i.length > 0 ? [es(H, {
		rows: i,
		axis: a
	})] : []], {
		shows: `Knowledge attribution: how much of the probability of “${o}” the neurons of each layer are worth (above), and the strongest neurons (below), from ${e.baseline === "zero" ? "no activation" : "the mean activation"} to their own. Hatched: lowers it.`,
		made: e,
		asked: t,
		about: `Answer: “${o}” (${L(e.probability)}).`
	});
}
var gu = 40, _u = 84;
function vu({ layers: e, encoder: t }, n) {
	let [r, i] = [Math.min(0, ...n), Math.max(1e-9, ...n)], a = (e) => 4 + (i - e) / (i - r) * _u, o = (H - gu) / Math.max(e.length, 1), s = Math.ceil(10 / o);
	return {
		height: 110,
		body: [
			...as({
				low: r,
				high: i
			}).map((e) => $i(gu, a(e), H, a(e), { stroke: e === 0 ? zi : Bi }) + K(36, a(e) + 2.3, I(e, 2), {
				size: G,
				anchor: "end",
				fill: W
			})),
			...e.map(({ sum: e, layer: t }, n) => {
				let r = e ?? 0, i = gu + n * o, c = n % s === 0 ? K(i + o / 2, 97, String(t), {
					size: G,
					anchor: "middle",
					fill: W
				}) : "";
				return ta(i + o * .1, Math.min(a(r), a(0)), o * .8, Math.abs(a(r) - a(0)), r < 0) + c;
			}),
			K((gu + H) / 2, 107, t ? "layer of the encoder" : "layer", {
				size: G + .5,
				anchor: "middle"
			}),
			K(7, 46, "probability", {
				size: G + .5,
				anchor: "middle",
				turn: -90
			})
		].join("\n")
	};
}
function yu(e) {
	return {
		head: [
			"part",
			"of",
			"attribution",
			"change_of_probability",
			"error",
			"activation"
		],
		rows: [...e.layers.map(({ layer: e, encoder: t, sum: n, change: r, error: i }) => [
			bn(`L${e}`, t ?? !1),
			"layer",
			n,
			r,
			i,
			null
		]), ...e.attributions.map((e) => [
			Nn(e),
			"neuron",
			e.value,
			null,
			null,
			e.activation
		])]
	};
}
// src/panels/FactChoice.tsx
function bu({ facts: e }) {
	let t = A();
	return /* @__PURE__ */ M("p", { children: [
		"This asks for a known fact in other words. Find the neurons of",
		" ",
		e.slice(0, 3).map((e) => /* @__PURE__ */ M("button", {
			type: "button",
			onClick: () => t.set({
				a: e.prompt,
				position: null,
				target: null,
				knowledge: An
			}),
			children: [
				e.relation,
				" of ",
				e.subject,
				": ",
				e.answer
			]
		}, `${e.relation} ${e.subject}`)),
		" ",
		"with the prompts that are known to ask for it."
	] });
}
function xu({ list: e, open: t }) {
	let n = A(), r = k(0), i = k(0), a = e.relations[r.value]?.facts ?? [], o = a[i.value];
	return /* @__PURE__ */ M("details", {
		open: t,
		children: [/* @__PURE__ */ M("summary", { children: "Choose a known fact" }), /* @__PURE__ */ M("p", {
			class: "controls",
			children: [
				/* @__PURE__ */ M("label", { children: [
					"Relation",
					" ",
					/* @__PURE__ */ M("select", {
						value: r.value,
						onChange: (e) => {
							r.value = Number(e.currentTarget.value), i.value = 0;
						},
						children: e.relations.map((e, t) => /* @__PURE__ */ M("option", {
							value: t,
							children: [e.name, e.description ? ` (${e.description})` : ""]
						}, e.name))
					})
				] }),
				/* @__PURE__ */ M("label", { children: [
					"Fact",
					" ",
					/* @__PURE__ */ M("select", {
						value: i.value,
						onChange: (e) => i.value = Number(e.currentTarget.value),
						children: a.map((e, t) => /* @__PURE__ */ M("option", {
							value: t,
							children: [
								e.subject,
								": ",
								e.answer
							]
						}, e.subject))
					})
				] }),
				/* @__PURE__ */ M("button", {
					type: "button",
					disabled: !o,
					onClick: () => o && n.set({
						a: o.prompt,
						position: null,
						target: null
					}),
					children: "Take its prompt"
				})
			]
		})]
	});
}
function Su() {
	let e = A(), t = k(""), n = k(""), r = Fn(t.value);
	return /* @__PURE__ */ M("details", { children: [
		/* @__PURE__ */ M("summary", { children: "Or write prompts of your own" }),
		/* @__PURE__ */ M("label", {
			class: "stacked",
			children: ["More prompts that end right before the same answer, one a line", /* @__PURE__ */ M("textarea", {
				rows: 3,
				value: t.value,
				dir: "auto",
				onInput: (e) => t.value = e.currentTarget.value
			})]
		}),
		/* @__PURE__ */ M("p", {
			class: "controls",
			children: [/* @__PURE__ */ M("label", { children: [
				"Subject",
				" ",
				/* @__PURE__ */ M("input", {
					type: "text",
					value: n.value,
					placeholder: "for an update by ROME",
					onInput: (e) => n.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ M("button", {
				type: "button",
				disabled: r.length === 0,
				onClick: () => e.set({ knowledge: {
					...An,
					prompts: r,
					subject: n.value.trim()
				} }),
				children: "Find the neurons of this fact"
			})]
		})
	] });
}
// src/panels/FactEdit.tsx
var Cu = {
	update: "update to another answer",
	erase: "erase the relation",
	suppress: "suppress these neurons",
	amplify: "amplify these neurons"
}, wu = {
	rome: "ROME (a layer)",
	value: "value rows of these neurons"
};
function Tu({ found: e, list: t }) {
	let n = A(), r = n.at.knowledge.value, i = n.followed(), a = r?.edit ?? null, o = In(e), s = a?.action === "erase" ? o.shared : o[Ln(o, r?.set ?? null)], c = Vt(a && r && i ? Un(r, a, i, s) : null);
	if (!r || n.data.host === "report" && !a) return null;
	let [l] = e.facts, u = l?.target.map((e) => e.text).join("") ?? "", d = {
		relation: e.relation,
		subject: r.prompts ? r.subject : l?.subject ?? "",
		answer: l?.answer ?? "",
		target: u,
		prompts: l?.prompts ?? []
	};
	return /* @__PURE__ */ M("fieldset", {
		class: "edit",
		children: [
			/* @__PURE__ */ M("legend", { children: "Edit the weights" }),
			n.data.host === "report" ? null : /* @__PURE__ */ M(Eu, {
				own: r.prompts !== null,
				counts: {
					own: s.length,
					shared: o.shared.length
				}
			}),
			/* @__PURE__ */ M(V, { answer: c }),
			c?.result && a ? /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(Du, {
				result: c.result,
				answer: d.answer
			}), /* @__PURE__ */ M(ku, {
				edit: a,
				fact: d,
				shipped: t.shipped && r.prompts === null,
				neurons: s.map((e) => P(un(e)))
			})] }) : null
		]
	});
}
function Eu({ own: e, counts: t }) {
	let n = A(), r = n.at.knowledge.value?.edit ?? null, i = k(r?.action ?? "update"), a = k(r?.to ?? ""), o = k(r?.method ?? "rome"), s = i.value === "update", c = i.value === "erase" ? t.shared : s && o.value === "rome" ? 1 : t.own, l = c > 0 && (!s || a.value.trim() !== "");
	return /* @__PURE__ */ M("form", {
		class: "controls",
		onSubmit: (e) => {
			e.preventDefault(), l && n.setKnowledge({ edit: {
				action: i.value,
				to: a.value.trim(),
				method: o.value
			} });
		},
		children: [
			/* @__PURE__ */ M("label", { children: [
				"Do",
				" ",
				/* @__PURE__ */ M("select", {
					value: i.value,
					onChange: (e) => i.value = e.currentTarget.value,
					children: Dn.filter((t) => !e || t !== "erase").map((e) => /* @__PURE__ */ M("option", {
						value: e,
						children: Cu[e]
					}, e))
				})
			] }),
			s ? /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("label", { children: [
				"New answer",
				" ",
				/* @__PURE__ */ M("input", {
					type: "text",
					value: a.value,
					onInput: (e) => a.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ M("label", { children: [
				"By",
				" ",
				/* @__PURE__ */ M("select", {
					value: o.value,
					onChange: (e) => o.value = e.currentTarget.value,
					children: On.map((e) => /* @__PURE__ */ M("option", {
						value: e,
						children: wu[e]
					}, e))
				})
			] })] }) : null,
			/* @__PURE__ */ M("button", {
				type: "submit",
				disabled: !l,
				children: "Edit and see"
			}),
			r ? /* @__PURE__ */ M("button", {
				type: "button",
				onClick: () => n.setKnowledge({ edit: null }),
				children: "Close"
			}) : null,
			c > 0 ? null : /* @__PURE__ */ M("span", {
				class: "note",
				children: "There are no such neurons: take a lower threshold."
			})
		]
	});
}
function Du({ result: e, answer: t }) {
	let { effects: n, control: r } = e, i = [
		[
			e.subject === null ? "the relation's facts" : `${t}, on the fact's prompts`,
			n.own,
			r?.own
		],
		[
			`${e.to}, on prompts of the edit`,
			n.new,
			r?.new
		],
		[
			`${e.to}, on unseen prompts`,
			n.unseen,
			r?.unseen
		],
		[
			"other facts of the relation",
			n.related,
			r?.related
		],
		[
			"facts of other relations",
			n.unrelated,
			r?.unrelated
		]
	];
	return /* @__PURE__ */ M("div", {
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ M(gi, {
				label: "What the edited model says, a prompt a row",
				children: /* @__PURE__ */ M("table", { children: [
					/* @__PURE__ */ M("caption", { children: "What the model says first" }),
					/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
						/* @__PURE__ */ M("th", {
							scope: "col",
							children: "prompt"
						}),
						/* @__PURE__ */ M("th", {
							scope: "col",
							children: "before"
						}),
						/* @__PURE__ */ M("th", {
							scope: "col",
							children: "edited"
						})
					] }) }),
					/* @__PURE__ */ M("tbody", { children: e.prompts.map((e) => /* @__PURE__ */ M("tr", { children: [
						/* @__PURE__ */ M("td", { children: [e.prompt, e.used ? /* @__PURE__ */ M("span", {
							class: "small",
							children: " (edit made with it)"
						}) : null] }),
						/* @__PURE__ */ M("td", { children: /* @__PURE__ */ M(Ou, { said: e.before }) }),
						/* @__PURE__ */ M("td", { children: /* @__PURE__ */ M(Ou, { said: e.after }) })
					] }, e.prompt)) })
				] })
			}),
			/* @__PURE__ */ M(gi, {
				label: "What the edit changes, by group of prompts",
				children: /* @__PURE__ */ M("table", { children: [
					/* @__PURE__ */ M("caption", { children: "The right (or new) answer, mean probability" }),
					/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
						/* @__PURE__ */ M("th", {
							scope: "col",
							children: "answer"
						}),
						/* @__PURE__ */ M("th", {
							scope: "col",
							class: "number",
							children: "before"
						}),
						/* @__PURE__ */ M("th", {
							scope: "col",
							class: "number",
							children: "edited"
						}),
						/* @__PURE__ */ M("th", {
							scope: "col",
							class: "number",
							children: "first on"
						}),
						/* @__PURE__ */ M("th", {
							scope: "col",
							class: "number",
							children: "control"
						})
					] }) }),
					/* @__PURE__ */ M("tbody", { children: i.map(([e, t, n]) => t ? /* @__PURE__ */ M("tr", { children: [
						/* @__PURE__ */ M("th", {
							scope: "row",
							children: e
						}),
						/* @__PURE__ */ M("td", {
							class: "number",
							children: L(t.before)
						}),
						/* @__PURE__ */ M("td", {
							class: "number",
							children: L(t.after)
						}),
						/* @__PURE__ */ M("td", {
							class: "number",
							children: [
								t.top_before,
								" → ",
								t.top_after,
								" of ",
								t.prompts
							]
						}),
						/* @__PURE__ */ M("td", {
							class: "number",
							children: n ? L(n.after) : "—"
						})
					] }, e) : null) })
				] })
			}),
			/* @__PURE__ */ M("p", {
				class: "note",
				children: [
					"Perplexity of some text: ",
					F(e.perplexity ?? 0),
					" before, ",
					F(n.perplexity ?? 0),
					" edited. Control: the same edit",
					" ",
					e.neurons.length > 0 ? "of as many random neurons of the same layers" : "at a random key",
					". Some facts are asked, not all; the command asks more. The edit is undone: the page goes on with the model as it was."
				]
			}),
			e.notes.map((e) => /* @__PURE__ */ M("p", {
				class: "note",
				children: ["Note: ", e]
			}, e))
		]
	});
}
function Ou({ said: e }) {
	return /* @__PURE__ */ M("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ M($, { text: e.text }),
			" ",
			/* @__PURE__ */ M("span", {
				class: "small",
				children: L(e.probability)
			})
		]
	});
}
function ku(e) {
	let t = A().explained.value?.model.name ?? "", n = !e.shipped && e.edit.action !== "erase";
	return /* @__PURE__ */ M("details", { children: [
		/* @__PURE__ */ M("summary", { children: "Keep this edit in a file" }),
		n ? /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("p", {
			class: "note",
			children: "Write this line to fact.jsonl:"
		}), /* @__PURE__ */ M(Au, {
			label: "The fact as a line of JSON",
			text: zn(e.fact)
		})] }) : null,
		/* @__PURE__ */ M("p", {
			class: "note",
			children: "Then run this, and open it again with unembed open --edits edit.safetensors:"
		}),
		/* @__PURE__ */ M(Au, {
			label: "The command",
			text: Bn(e.edit, e.fact, e.shipped, e.neurons, t)
		})
	] });
}
function Au({ label: e, text: t }) {
	return /* @__PURE__ */ M(gi, {
		label: e,
		children: /* @__PURE__ */ M("pre", { children: /* @__PURE__ */ M("code", { children: t }) })
	});
}
// src/panels/Fact.tsx
var ju = [
	.2,
	.1,
	.05
], Mu = 12, Nu = {
	refined: "the fact's own",
	kept: "all that the fact keeps",
	shared: "the relation's"
};
function Pu({ explained: e }) {
	let t = A(), n = t.at.knowledge.value, r = t.followed(), i = t.data.host === "report" && n === null, a = Vt(r && !i ? {
		ask: "facts",
		prompt: r.prompt
	} : null);
	return i ? /* @__PURE__ */ M("p", {
		class: "note",
		children: [
			"The neurons of a fact, and edits of it, were not kept in this report. Open the prompt with",
			" ",
			/* @__PURE__ */ M("code", { children: "unembed open" }),
			" to find and edit them."
		]
	}) : /* @__PURE__ */ M("section", {
		class: "fact",
		children: [
			/* @__PURE__ */ M("h3", { children: "The fact, and its neurons" }),
			/* @__PURE__ */ M(V, { answer: a }),
			a?.result ? /* @__PURE__ */ M(Fu, {
				list: a.result,
				explained: e
			}) : null,
			n && r && a?.result ? /* @__PURE__ */ M(Lu, { list: a.result }) : null
		]
	});
}
function Fu({ list: e, explained: t }) {
	let n = A(), r = n.at.knowledge.value, { stated: i } = e, a = n.data.host === "report", o = jn(e, n.state.value.a, t.target.text);
	if (r?.prompts) return /* @__PURE__ */ M("p", { children: [
		"Your fact: ",
		r.prompts.length + 1,
		" prompts, answered with ",
		/* @__PURE__ */ M($, { text: t.target.text }),
		".",
		" ",
		/* @__PURE__ */ M(Iu, {})
	] });
	let s = e.relations.reduce((e, t) => e + t.facts.length, 0);
	return /* @__PURE__ */ M(x, { children: [i ? /* @__PURE__ */ M("p", { children: [
		"This prompt states a known fact: ",
		i.relation,
		" of ",
		/* @__PURE__ */ M("strong", { children: i.subject }),
		" is",
		" ",
		/* @__PURE__ */ M("strong", { children: i.answer }),
		" (",
		i.prompts.length,
		" prompts ask for it).",
		" ",
		r ? /* @__PURE__ */ M(Iu, {}) : /* @__PURE__ */ M("button", {
			type: "button",
			disabled: a,
			onClick: () => n.set({ knowledge: An }),
			children: "Find its neurons"
		})
	] }) : o.length > 0 && !a ? /* @__PURE__ */ M(bu, { facts: o }) : /* @__PURE__ */ M("p", {
		class: "note",
		children: [
			"None of the ",
			s,
			" known facts is asked for in these words. The neurons of a fact are found from several prompts that ask for it: choose a known fact, or write more prompts."
		]
	}), a || r && i ? null : /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(xu, {
		list: e,
		open: !i && o.length === 0
	}), i ? null : /* @__PURE__ */ M(Su, {})] })] });
}
function Iu() {
	let e = A();
	return e.data.host === "report" ? null : /* @__PURE__ */ M("button", {
		type: "button",
		onClick: () => e.set({ knowledge: null }),
		children: "Close"
	});
}
function Lu({ list: e }) {
	let t = A(), n = t.at.knowledge.value, r = t.followed(), i = n && r && (n.prompts || e.stated) ? Hn(n, r) : null, { answer: a, result: o, stale: s } = Ut(i), c = t.data.host === "report";
	return !n || !i ? null : /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M("p", {
			class: "controls",
			children: /* @__PURE__ */ M("label", { children: [
				"Count neurons above",
				" ",
				/* @__PURE__ */ M("select", {
					value: n.t,
					disabled: c,
					onChange: (e) => t.setKnowledge({
						t: Number(e.currentTarget.value),
						set: null
					}),
					children: [.../* @__PURE__ */ new Set([...ju, n.t])].map((e) => /* @__PURE__ */ M("option", {
						value: e,
						children: [
							e,
							" of the largest",
							e === .2 ? " (the paper's)" : ""
						]
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ M(V, { answer: a }),
		a && !a.result && !a.error ? /* @__PURE__ */ M("p", {
			class: "note",
			children: "Each prompt of each compared fact is attributed; Close stops it."
		}) : null,
		o ? /* @__PURE__ */ M("div", {
			class: s ? "stale" : "",
			children: [/* @__PURE__ */ M(Ru, { found: o }), /* @__PURE__ */ M(Tu, {
				found: o,
				list: e
			})]
		}) : null
	] });
}
function Ru({ found: e }) {
	let t = A(), n = t.at.knowledge.value, [r] = e.facts;
	if (!n || !r) return null;
	let i = In(e), a = Ln(i, n.set), o = e.facts.length - 1;
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M("p", {
			class: "note",
			children: [
				o === 0 ? "No other fact is compared, so these may be neurons of the form of the question." : `Compared with ${o} other ${o === 1 ? "fact" : "facts"} of ${e.relation}.`,
				" ",
				"The model gives ",
				/* @__PURE__ */ M($, { text: r.answer }),
				" first on ",
				r.top.filter(Boolean).length,
				" of",
				" ",
				r.prompts.length,
				" prompts."
			]
		}),
		e.notes.map((e) => /* @__PURE__ */ M("p", {
			class: "note",
			children: ["Note: ", e]
		}, e)),
		/* @__PURE__ */ M("fieldset", { children: [/* @__PURE__ */ M("legend", { children: "Which neurons" }), kn.map((e) => /* @__PURE__ */ M("div", {
			class: "choice",
			children: [
				/* @__PURE__ */ M("label", { children: [
					/* @__PURE__ */ M("input", {
						type: "radio",
						name: "neuron-set",
						checked: a === e,
						disabled: i[e].length === 0 || t.data.host === "report",
						onChange: () => t.setKnowledge({ set: e })
					}),
					" ",
					Nu[e],
					": ",
					i[e].length
				] }),
				" ",
				/* @__PURE__ */ M(zu, { neurons: i[e] })
			]
		}, e))] }),
		i[a].length === 0 ? /* @__PURE__ */ M("p", {
			class: "note",
			children: "No neuron is above the threshold in enough prompts. Take a lower one."
		}) : /* @__PURE__ */ M(Bu, {
			neurons: i[a],
			target: r.target[0]?.id,
			whole: r.target.length === 1
		}),
		/* @__PURE__ */ M(_i, {
			label: "prompts of the fact",
			head: [
				"prompt",
				"probability of the answer",
				"top prediction"
			],
			rows: () => r.prompts.map((e, t) => [
				e,
				L(r.probabilities[t] ?? 0),
				r.top[t] ? "yes" : "no"
			])
		})
	] });
}
function zu({ neurons: e }) {
	return /* @__PURE__ */ M("span", {
		class: "neurons",
		children: [e.slice(0, Mu).map((e) => {
			let t = un(e);
			return /* @__PURE__ */ M(xo, { part: t }, P(t));
		}), e.length > Mu ? /* @__PURE__ */ M("span", {
			class: "small",
			children: [
				"and ",
				e.length - Mu,
				" more"
			]
		}) : null]
	});
}
function Bu(e) {
	let t = A(), n = t.at.knowledge.value?.test ?? null, r = (e) => e === "zero" ? "Suppress (× 0)" : "Amplify (× 2)";
	return /* @__PURE__ */ M("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ M("legend", { children: "At this prompt" }),
			/* @__PURE__ */ M("p", {
				class: "controls",
				children: ["zero", "double"].map((e) => /* @__PURE__ */ M("button", {
					type: "button",
					"aria-pressed": n === e,
					disabled: t.data.host === "report",
					onClick: () => t.setKnowledge({ test: n === e ? null : e }),
					children: r(e)
				}, e))
			}),
			n && e.target !== void 0 ? /* @__PURE__ */ M(Js, {
				tests: e.neurons.map((e) => ({
					part: un(e),
					how: n
				})),
				target: e.target,
				note: `the activations of these ${e.neurons.length} neurons ${n === "zero" ? "set to 0" : "doubled"} where the answer is predicted`
			}) : null,
			n && !e.whole ? /* @__PURE__ */ M("p", {
				class: "note",
				children: "The answer has several tokens; the probability is of the first."
			}) : null
		]
	});
}
// src/panels/Knowledge.tsx
var Vu = 12, Hu = 100, Uu = 12;
function Wu() {
	let e = A(), t = e.explained.value, n = e.followed(), { prompt: r, source: i, target: a } = n ?? {}, o = t !== null && t.position === t.asks, s = e.reads() === null, { answer: c, result: l, stale: u } = Ut(o && n ? {
		ask: "attribute",
		...As({
			prompt: r,
			source: i,
			target: a
		}),
		top: Hu
	} : null);
	return /* @__PURE__ */ M("div", { children: t ? /* @__PURE__ */ M(Z, {
		name: "knowledge",
		title: "Knowledge",
		note: `How much of the probability of ${z(t.target.text)} each layer's neurons are worth: attribution from no activation to the one they have. Each layer is moved alone, so the layers do not add up to the probability.`,
		children: [
			o ? null : /* @__PURE__ */ M("p", {
				class: "note",
				children: [
					"Knowledge is attributed ",
					t.model.bidirectional ? "at the blank" : "at the last token",
					"; choose it to see this panel."
				]
			}),
			/* @__PURE__ */ M(V, { answer: c }),
			l ? /* @__PURE__ */ M(Gu, {
				result: l,
				stale: u
			}) : null,
			o && s ? /* @__PURE__ */ M(Pu, { explained: t }) : null
		]
	}) : null });
}
function Gu({ result: e, stale: t }) {
	let n = Mn(e), r = e.layers.map((e) => e.sum ?? 0), i = Math.max(0, ...e.attributions.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ M("div", {
		class: t ? "stale" : "",
		children: [
			/* @__PURE__ */ M(X, {
				name: "knowledge",
				figure: (t) => hu(e, t),
				table: () => yu(e),
				data: e
			}),
			/* @__PURE__ */ M("div", {
				class: "side-by-side wide",
				children: [/* @__PURE__ */ M("div", { children: n.map((t) => /* @__PURE__ */ M("div", { children: [
					n.length > 1 ? /* @__PURE__ */ M("p", {
						class: "note",
						children: Ku(t, e)
					}) : null,
					/* @__PURE__ */ M(Xu, {
						stack: t,
						sums: r
					}),
					/* @__PURE__ */ M(Zu, {
						stack: t,
						largest: i
					})
				] }, String(t.encoder))) }), /* @__PURE__ */ M(Qu, { neurons: e.attributions.slice(0, Vu) })]
			}),
			/* @__PURE__ */ M(_i, {
				label: "attribution by layer",
				head: [
					"layer",
					"sum of its neurons",
					"change of the probability",
					"error",
					"strongest neurons"
				],
				rows: () => n.flatMap((e) => {
					let t = Pn(e.neurons, e.layers.length);
					return e.layers.map((n, r) => [
						bn(`L${n.layer}`, e.encoder),
						n.sum === null ? "" : I(n.sum, 4),
						I(n.change, 4),
						n.error === null ? "" : F(n.error, 4),
						(t[r] ?? []).map((e) => `${Nn(e)} ${I(e.value, 3)}`).join(", ")
					]);
				})
			})
		]
	});
}
function Ku({ encoder: e }, { sources: t = [], source_positions: n = [] }) {
	return e ? n.length === t.length ? "The encoder (enc.), at every position of the source:" : `The encoder (enc.), at the blank of the source (${n.map((e) => `${e} ${z(t[e]?.label ?? "")}`).join(", ")}):` : "The decoder, where the answer is predicted:";
}
var qu = 26, Ju = 300, Yu = 74;
function Xu({ stack: e, sums: t }) {
	let n = e.layers.map((e) => ({
		layer: e.layer,
		sum: e.sum ?? 0
	})), r = 274 / Math.max(n.length, 1), [i, a] = [Math.min(0, ...t), Math.max(1e-9, ...t)], o = (e) => 6 + (a - e) / (a - i) * Yu;
	return /* @__PURE__ */ M("svg", {
		class: "layers",
		viewBox: `0 0 ${Ju} 104`,
		role: "img",
		"aria-label": `Attribution by layer${e.encoder ? " of the encoder" : ""}; the table below has the numbers`,
		children: [
			as({
				low: i,
				high: a
			}).map((e) => /* @__PURE__ */ M("g", { children: [/* @__PURE__ */ M("line", {
				x1: qu,
				x2: Ju,
				y1: o(e),
				y2: o(e),
				class: e === 0 ? "axis" : "tick"
			}), /* @__PURE__ */ M("text", {
				x: 23,
				y: o(e) + 2.5,
				class: "end",
				children: I(e, 1)
			})] }, e)),
			n.map((t, i) => /* @__PURE__ */ M("g", { children: [
				/* @__PURE__ */ M("rect", {
					class: t.sum < 0 ? "negative" : "positive",
					x: qu + i * r + 1,
					y: Math.min(o(t.sum), o(0)),
					width: Math.max(r - 2, 1),
					height: Math.abs(o(t.sum) - o(0))
				}),
				i % Math.ceil(n.length / 15) === 0 ? /* @__PURE__ */ M("text", {
					x: qu + (i + .5) * r,
					y: 90,
					children: t.layer
				}) : null,
				/* @__PURE__ */ M("title", { children: `${bn(`L${t.layer}`, e.encoder)}: ${I(t.sum, 3)}` })
			] }, t.layer)),
			/* @__PURE__ */ M("text", {
				x: 163,
				y: 101,
				children: [e.encoder ? "layer of the encoder" : "layer", "; up: raises the probability, down: lowers it"]
			})
		]
	});
}
function Zu({ stack: e, largest: t }) {
	let n = A(), r = Pn(e.neurons, e.layers.length), i = Math.min(Uu, Math.max(0, ...r.map((e) => e.length))), a = (e, t) => r[e]?.[t], o = n.at.selection.value;
	return e.neurons.length === 0 ? /* @__PURE__ */ M("p", {
		class: "note",
		children: "None of the strongest neurons is in it."
	}) : /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("p", {
		class: "note",
		children: [
			"The ",
			e.neurons.length,
			" strongest neurons by layer, at most ",
			Uu,
			" a layer; a cell selects its neuron."
		]
	}), /* @__PURE__ */ M(co, {
		label: `Attribution of the strongest neurons${e.encoder ? " of the encoder" : ""}, layers across`,
		columns: r.length,
		rows: i,
		height: 10,
		colour: (e, n) => {
			let r = a(e, n);
			return r ? Fi(r.value, t) : null;
		},
		tell: (e, t) => {
			let n = a(e, t);
			return n ? `${Nn(n)}: ${I(n.value, 3)}` : "";
		},
		marked: (e, t) => {
			let n = a(e, t);
			return n !== void 0 && dn(un(n), o);
		},
		rowName: (e) => String(e + 1),
		columnName: (t) => bn(`L${t}`, e.encoder),
		onChoose: (e, t) => {
			let r = a(e, t);
			r && n.select(un(r));
		}
	})] });
}
function Qu({ neurons: e }) {
	let t = Math.max(0, ...e.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ M("table", { children: [/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
		/* @__PURE__ */ M("th", {
			scope: "col",
			children: "neuron"
		}),
		/* @__PURE__ */ M("th", {
			scope: "col",
			class: "number",
			children: "attribution"
		}),
		/* @__PURE__ */ M("th", {
			scope: "col",
			class: "wide-only",
			children: /* @__PURE__ */ M("span", {
				class: "hidden",
				children: "bar"
			})
		}),
		/* @__PURE__ */ M("th", {
			scope: "col",
			class: "number",
			children: "activation"
		})
	] }) }), /* @__PURE__ */ M("tbody", { children: e.map((e) => /* @__PURE__ */ M("tr", { children: [
		/* @__PURE__ */ M("th", {
			scope: "row",
			children: /* @__PURE__ */ M(xo, { part: un(e) })
		}),
		/* @__PURE__ */ M("td", {
			class: "number",
			children: /* @__PURE__ */ M(_s, {
				value: e.value,
				digits: 3
			})
		}),
		/* @__PURE__ */ M("td", {
			class: "wide-only",
			children: /* @__PURE__ */ M(gs, {
				value: e.value,
				largest: t
			})
		}),
		/* @__PURE__ */ M("td", {
			class: "number",
			children: I(e.activation)
		})
	] }, Nn(e))) })] });
}
// src/lib/figure/ledger.ts
var $u = 40;
function ed(e, t, n, r) {
	let { ledger: i, target: a, reference: o } = e, { shown: s, others: c } = us(i.terms, Math.min(t, $u), n), { sum: l } = ps(i), u = [
		...s.map((e) => ({
			name: xn(e),
			value: e.value,
			number: I(e.value)
		})),
		...c.count > 0 ? [{
			name: `${c.count} others (net)`,
			value: c.value,
			number: I(c.value),
			other: !0
		}] : [],
		{
			name: "total",
			value: l,
			number: I(l),
			other: !0,
			total: !0
		}
	];
	return J(H, [es(H, {
		rows: u,
		axis: os(u.map((e) => e.value), "logits", (e) => I(e, +!Number.isInteger(e)))
	})], {
		shows: `Direct credit: parts that add up to ${Ma(a, o)} (${I(i.value)}), the model's own number. Norm scales and attention patterns as they were. Hatched: lowers it.`,
		made: e,
		asked: r,
		about: ja(a)
	});
}
function td({ ledger: e }) {
	return {
		head: [
			"term",
			"kind",
			"layer",
			"head",
			"expert",
			"neuron",
			"source",
			"logits"
		],
		rows: e.terms.map((e) => [
			xn(e),
			e.kind,
			e.layer,
			e.head,
			e.expert,
			e.neuron,
			e.source,
			e.value
		])
	};
}
// src/ui/Marks.tsx
function nd() {
	return /* @__PURE__ */ M("p", {
		class: "note marks",
		children: [
			"● without it the target moves by at least 0.3 ",
			/* @__PURE__ */ M(Q, { name: "nats" }),
			", or by 0.1 and by more than 95 % of the parts of its kind move it (",
			/* @__PURE__ */ M(Q, {
				name: "causal",
				children: "causal"
			}),
			" where it falls, ",
			/* @__PURE__ */ M(Q, { name: "suppressor" }),
			" where it rises). ○ it moves less. ~ rounding could change the word."
		]
	});
}
// src/ui/Outcome.tsx
function rd({ part: e }) {
	let t = Zt(), n = t && Wc(t, e);
	if (!t || !n) return null;
	let [r, i] = Kc(t, n), { nats: a, effect: o } = n;
	return /* @__PURE__ */ M("span", {
		class: "outcome",
		title: `${r} → ${i}, ${I(a)} nats${o ? `, ${Mr(o)}` : ""}`,
		children: [
			/* @__PURE__ */ M("span", {
				class: "from",
				children: [r, " → "]
			}),
			i,
			" ",
			/* @__PURE__ */ M("span", {
				class: "mark",
				children: o ? Mr(o)[0] : ""
			})
		]
	});
}
// src/panels/Ledger.tsx
var id = 12, ad = 10, od = 6, sd = Infinity, cd = xe({
	is: () => !1,
	set: () => {}
}), ld = xe({
	order: "size",
	effectOf: () => null
});
function ud() {
	let e = A(), t = e.explained.value, n = Zt(), r = k("size"), i = k(id), a = k({});
	if (!t) return null;
	let { ledger: o } = t, s = e.at.selection.value, c = (e) => {
		let t = Sn(e);
		return t && n ? Wc(n, t)?.nats ?? null : null;
	}, l = us(o.terms, i.value, r.value, (e) => hd(Sn(e), s), c), u = ds(0, o.terms, l.others.value);
	return /* @__PURE__ */ M(Z, {
		name: "ledger",
		title: /* @__PURE__ */ M(Q, {
			name: "ledger",
			children: "Ledger"
		}),
		note: /* @__PURE__ */ M(gd, { explained: t }),
		children: [
			/* @__PURE__ */ M(X, {
				name: "ledger",
				figure: (e) => ed(t, i.value, r.value, e),
				table: () => td(t),
				data: t
			}),
			/* @__PURE__ */ M("p", {
				class: "controls",
				children: [/* @__PURE__ */ M("label", { children: [
					"Sort",
					" ",
					/* @__PURE__ */ M("select", {
						value: r.value,
						onChange: (e) => r.value = e.currentTarget.value,
						children: [
							/* @__PURE__ */ M("option", {
								value: "size",
								children: "by size"
							}),
							/* @__PURE__ */ M("option", {
								value: "effect",
								disabled: !n,
								children: "by effect"
							}),
							/* @__PURE__ */ M("option", {
								value: "layer",
								children: "by layer"
							})
						]
					})
				] }), o.terms.length > id ? /* @__PURE__ */ M("button", {
					type: "button",
					onClick: () => i.value = i.value === id ? sd : id,
					children: i.value === id ? `Show all ${o.terms.length}` : "Show the largest"
				}) : null]
			}),
			/* @__PURE__ */ M(cd.Provider, {
				value: {
					is: (e, t) => a.value[e] ?? hd(t, s),
					set: (e, t) => {
						a.value = {
							...a.value,
							[e]: t
						};
					}
				},
				children: /* @__PURE__ */ M(ld.Provider, {
					value: {
						order: r.value,
						effectOf: c
					},
					children: /* @__PURE__ */ M("table", {
						class: "ledger",
						role: "treegrid",
						"aria-label": "Ledger",
						onKeyDown: Od,
						children: [
							/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
								/* @__PURE__ */ M("th", {
									scope: "col",
									children: "part"
								}),
								/* @__PURE__ */ M("th", {
									scope: "col",
									class: "number",
									children: [/* @__PURE__ */ M(Q, { name: "credit" }), ", logits"]
								}),
								/* @__PURE__ */ M("th", {
									scope: "col",
									class: "wide-only",
									children: /* @__PURE__ */ M("span", {
										class: "hidden",
										children: "bar"
									})
								}),
								/* @__PURE__ */ M("th", {
									scope: "col",
									children: md(t)
								})
							] }) }),
							/* @__PURE__ */ M("tbody", { children: [l.shown.map((e, t) => /* @__PURE__ */ M(yd, {
								term: e,
								level: 1,
								largest: u,
								first: t === 0
							}, ms(e))), /* @__PURE__ */ M(Ed, {
								count: l.others.count,
								value: l.others.value,
								level: 1,
								largest: u
							})] }),
							/* @__PURE__ */ M(vd, { explained: t })
						]
					})
				})
			}),
			/* @__PURE__ */ M(nd, {}),
			/* @__PURE__ */ M(dd, { terms: l.shown })
		]
	});
}
function dd({ terms: e }) {
	let t = A(), n = e.filter(fd).slice(0, od), { vs: r, reference: i } = t.answered.value ?? t.state.value;
	return Ht([...r === null ? t.asksOf({ reference: i === "mean" ? "raw" : "mean" }) : [], ...n.flatMap((e) => pd(t, e) ?? [])]), null;
}
function fd(e) {
	let t = Sn(e);
	return t !== null && t.kind === pn(t);
}
function pd(e, { layer: t, kind: n }) {
	let r = e.followed();
	return r && {
		ask: "terms",
		...r,
		layer: t,
		sublayer: n,
		top: ad
	};
}
function md({ target: e, reference: t }) {
	let n = z(e.text.trim() || e.text);
	return t.kind === "versus" ? `lead of ${n} without it` : `${n} without it`;
}
function hd(e, t) {
	return !e || !t || e.layer !== t.layer ? !1 : dn(e, t) ? !0 : !t.encoder && e.head === void 0 && e.neuron === void 0 && pn(t) === e.kind;
}
function gd({ explained: e }) {
	let { target: t, reference: n } = e;
	return /* @__PURE__ */ M(x, { children: [
		"Why ",
		z(t.text),
		": ",
		_d(n),
		"; raw ",
		/* @__PURE__ */ M(Q, { name: "logit" }),
		" ",
		F(t.logit),
		n.kind === "raw" ? null : /* @__PURE__ */ M(x, { children: [
			", ",
			/* @__PURE__ */ M(Q, { name: "reference" }),
			" ",
			F(n.value)
		] }),
		". A part's ",
		/* @__PURE__ */ M(Q, { name: "credit" }),
		" is what it writes toward that, with attention patterns and the scales of norms as they were."
	] });
}
function _d(e) {
	return e.kind === "raw" ? "its raw logit" : e.kind === "mean" ? "its logit above the vocabulary mean" : `its logit minus that of ${z(e.text ?? "")}`;
}
function vd({ explained: e }) {
	let { sum: t, error: n, holds: r } = ps(e.ledger);
	return /* @__PURE__ */ M("tfoot", { children: /* @__PURE__ */ M("tr", {
		class: r ? "total" : "total error",
		children: [
			/* @__PURE__ */ M("th", {
				scope: "row",
				children: "total"
			}),
			/* @__PURE__ */ M("td", {
				class: "number",
				"data-total": t,
				children: I(t)
			}),
			/* @__PURE__ */ M("td", {
				colSpan: 2,
				children: [
					r ? "= model ✓" : `≠ model ${I(e.ledger.value)}`,
					" (|Δ| ",
					wr(n),
					", tolerance",
					" ",
					wr(e.ledger.tolerance),
					")"
				]
			})
		]
	}) });
}
function yd(e) {
	let t = A(), n = He(cd), { term: r, level: i } = e, a = Sn(r), o = ms(r), s = fd(r) || (e.sources?.length ?? 0) > 0, c = s && n.is(o, a);
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(Td, {
			name: xn(r),
			value: r.value,
			level: i,
			largest: e.largest,
			part: a,
			open: s ? c : null,
			first: e.first ?? !1,
			onToggle: (e) => n.set(o, e),
			onSelect: () => {
				a && t.select(dn(a, t.at.selection.value) ? null : a);
			}
		}),
		c && i === 1 ? /* @__PURE__ */ M(bd, {
			term: r,
			largest: e.largest
		}) : null,
		c && i === 2 ? /* @__PURE__ */ M(Cd, {
			terms: e.sources ?? [],
			parent: r.value,
			largest: e.largest
		}) : null
	] });
}
function bd({ term: e, largest: t }) {
	let n = A(), r = He(ld), i = Vt(pd(n, e));
	if (!i?.result) return /* @__PURE__ */ M("tr", {
		class: "waiting",
		children: /* @__PURE__ */ M("td", {
			colSpan: 4,
			class: i?.error ? "error" : "",
			children: i?.error ?? `${i?.stage ?? "waiting"} …`
		})
	});
	let { terms: a, others: o } = i.result, s = a.filter((e) => e.source === null && !xd(e)), c = us(s, sd, r.order, void 0, r.effectOf), l = ds(t, s, o.value);
	return /* @__PURE__ */ M(x, { children: [
		c.shown.map((e) => /* @__PURE__ */ M(yd, {
			term: e,
			level: 2,
			largest: l,
			sources: a.filter((t) => Sd(t, e))
		}, ms(e))),
		/* @__PURE__ */ M(ic, { parts: c.shown.slice(0, od).flatMap((e) => Sn(e) ?? []) }),
		/* @__PURE__ */ M(Ed, {
			count: o.count,
			value: o.value,
			level: 2,
			largest: l
		}),
		/* @__PURE__ */ M(Dd, {
			level: 2,
			sum: c.sum + o.value,
			parent: e.value
		})
	] });
}
function xd({ kind: e }) {
	return e === "head_rounding" || e === "cross_head_rounding";
}
function Sd(e, t) {
	return t.head !== null && e.head === t.head && (e.source !== null || xd(e));
}
function Cd(e) {
	let t = A(), n = (e) => xd(e) ? "rounding" : `from ${e.source} ${B(wd(t.explained.value, e))}`, { shown: r, others: i, sum: a } = us(e.terms, ad, "size"), o = ds(e.largest, r, i.value);
	return /* @__PURE__ */ M(x, { children: [
		r.map((e) => /* @__PURE__ */ M(Td, {
			name: n(e),
			value: e.value,
			level: 3,
			largest: o,
			part: null,
			open: null
		}, ms(e))),
		/* @__PURE__ */ M(Ed, {
			count: i.count,
			value: i.value,
			level: 3,
			largest: o
		}),
		/* @__PURE__ */ M(Dd, {
			level: 3,
			sum: a,
			parent: e.parent
		})
	] });
}
function wd(e, { kind: t, source: n }) {
	if (e !== null && n !== null) return t === "cross_attention" ? { text: e.sources?.[n]?.label ?? "" } : e.tokens[n];
}
function Td(e) {
	let t = A(), { part: n, open: r, level: i } = e, a = n !== null && dn(n, t.at.selection.value);
	return /* @__PURE__ */ M("tr", {
		class: `level-${i}${n !== null && dn(n, t.hovered.value) ? " hovered" : ""}${n ? " choosable" : ""}`,
		"aria-level": i,
		"aria-selected": a,
		...r === null ? {} : { "aria-expanded": r },
		tabIndex: e.first || a ? 0 : -1,
		onClick: () => (e.onSelect ?? (() => {}))(),
		onMouseEnter: () => t.hovered.value = n,
		onMouseLeave: () => t.hovered.value = null,
		onKeyDown: (t) => {
			let n = t.key === "ArrowRight" || t.key !== "ArrowLeft" && null;
			n !== null && r !== null && r !== n ? (e.onToggle?.(n), t.stopPropagation(), t.preventDefault()) : (t.key === "Enter" || t.key === " ") && (e.onSelect?.(), t.preventDefault());
		},
		children: [
			/* @__PURE__ */ M("td", {
				class: "name",
				children: [r === null ? /* @__PURE__ */ M("span", { class: "twisty" }) : /* @__PURE__ */ M("span", {
					class: "twisty",
					"aria-hidden": "true",
					onClick: (t) => {
						t.stopPropagation(), e.onToggle?.(!r);
					},
					children: r ? "▾" : "▸"
				}), /* @__PURE__ */ M("bdi", { children: e.name })]
			}),
			/* @__PURE__ */ M("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ M(_s, { value: e.value })
			}),
			/* @__PURE__ */ M("td", {
				class: "wide-only",
				children: /* @__PURE__ */ M(gs, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ M("td", { children: n ? /* @__PURE__ */ M(rd, { part: n }) : null })
		]
	});
}
function Ed(e) {
	return e.count === 0 ? null : /* @__PURE__ */ M("tr", {
		class: `others level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ M("td", {
				class: "name",
				children: [
					/* @__PURE__ */ M("span", { class: "twisty" }),
					e.count,
					" others (net)"
				]
			}),
			/* @__PURE__ */ M("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ M(_s, { value: e.value })
			}),
			/* @__PURE__ */ M("td", {
				class: "wide-only",
				children: /* @__PURE__ */ M(gs, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ M("td", {})
		]
	});
}
function Dd(e) {
	let t = Math.abs(e.sum - e.parent) < .005;
	return /* @__PURE__ */ M("tr", {
		class: `sum level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ M("td", {
				class: "name",
				children: [/* @__PURE__ */ M("span", { class: "twisty" }), "sum"]
			}),
			/* @__PURE__ */ M("td", {
				class: "number",
				children: I(e.sum)
			}),
			/* @__PURE__ */ M("td", {
				colSpan: 2,
				class: t ? "" : "error",
				children: t ? "= the row above ✓" : `≠ the row above ${I(e.parent)}`
			})
		]
	});
}
function Od(e) {
	let t = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
	if (t === 0) return;
	let n = [...e.currentTarget.querySelectorAll("tr[tabindex]")];
	n[n.indexOf(document.activeElement) + t]?.focus(), e.preventDefault();
}
// src/panels/Lens.tsx
var kd = 16;
function Ad() {
	let e = A(), t = k("rank"), n = e.explained.value, r = n?.tokens.length ?? 0, i = Oi(n?.position ?? 0, r), a = e.followed(), o = r > 128 ? [i.value, Math.min(i.value + 128, r)] : null, { answer: s, result: c, stale: l } = Ut(a ? {
		ask: "lens",
		prompt: a.prompt,
		...As({ source: a.source }),
		target: a.target,
		top: 5,
		...o ? { window: o } : {}
	} : null);
	if (!n) return null;
	let u = c ? Fd(c.cells, i.value) : null, d = n.model.vocab, f = (e) => Fa(e, t.value, d), p = {
		start: i.value,
		size: 128
	};
	return /* @__PURE__ */ M(Z, {
		name: "lens",
		title: /* @__PURE__ */ M(Q, {
			name: "logit lens",
			children: "Logit lens"
		}),
		note: /* @__PURE__ */ M(x, { children: [
			"What the ",
			/* @__PURE__ */ M(Q, { name: "residual stream" }),
			" would predict after each layer at each token: the top token in the cell",
			u && !Md(u.positions.length) ? " that is pointed at" : "",
			", the colour for",
			" ",
			z(n.target.text),
			". A cell chooses its position."
		] }),
		children: [
			/* @__PURE__ */ M("p", {
				class: "controls",
				children: /* @__PURE__ */ M("label", { children: [
					"Colour",
					" ",
					/* @__PURE__ */ M("select", {
						value: t.value,
						onChange: (e) => t.value = e.currentTarget.value,
						children: Object.entries(Pa).map(([e, t]) => /* @__PURE__ */ M("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ M(So, {
				start: i,
				length: r,
				what: "tokens"
			}),
			/* @__PURE__ */ M(V, { answer: s }),
			c && !l ? /* @__PURE__ */ M(X, {
				name: "lens",
				figure: (e) => Ia(c, n.target, t.value, p, e),
				table: () => Va(c, p),
				data: c
			}) : null,
			u && u.positions.length > 0 ? /* @__PURE__ */ M("div", {
				class: l ? "stale" : "",
				children: [
					/* @__PURE__ */ M(co, {
						label: `Logit lens, ${Pa[t.value]} by layer and token`,
						columns: u.positions.length,
						rows: u.layers.length,
						colour: (e, t) => {
							let n = u.at(e, t);
							return n ? Ii(f(n)) : null;
						},
						...Md(u.positions.length) ? { text: (e, t) => Nd(u.at(e, t)) } : {},
						rest: [Math.max(0, u.positions.indexOf(n.position)), 0],
						tell: (e, t) => /* @__PURE__ */ M(Pd, {
							cell: u.at(e, t),
							token: c?.tokens[u.positions[e] ?? -1]
						}),
						rowName: (e) => jd(u.layers[e] ?? null),
						columnName: (e) => B(c?.tokens[u.positions[e] ?? -1]),
						marked: (e, t) => t === 0 && u.positions[e] === n.position,
						onChoose: (t) => e.set({
							position: u.positions[t] ?? null,
							target: null
						})
					}),
					/* @__PURE__ */ M(bo, {
						kind: "amount",
						...t.value === "rank" ? {
							low: `rank ${d.toLocaleString("en")}`,
							high: "rank 1, the top",
							middle: `rank ${Math.round(Math.sqrt(d)).toLocaleString("en")}`
						} : {
							low: "0 %",
							high: `100 %, ${Pa[t.value]}`
						}
					}),
					/* @__PURE__ */ M(_i, {
						label: "logit lens",
						head: [
							"layer",
							"position",
							"top token",
							"its probability",
							"target's rank",
							"target's probability"
						],
						rows: () => u.cells.map((e) => [
							jd(e.layer),
							`${e.position}`,
							/* @__PURE__ */ M("bdi", { children: Nd(e) }, "top"),
							L(e.top_probability[0] ?? 0),
							`${e.rank}`,
							L(e.probability)
						])
					})
				]
			}) : null
		]
	});
}
function jd(e) {
	return e === null ? "emb" : `L${e}`;
}
function Md(e) {
	return e <= kd;
}
function Nd(e) {
	return B(e?.top[0]);
}
function Pd({ cell: e, token: t }) {
	return e ? /* @__PURE__ */ M(x, { children: [
		e.layer === null ? "Embedding" : `After L${e.layer}`,
		" at ",
		e.position,
		" ",
		B(t),
		": rank of the target ",
		e.rank.toLocaleString("en"),
		", ",
		L(e.probability),
		". Top:",
		" ",
		e.top.slice(0, 4).map((t, n) => /* @__PURE__ */ M("span", {
			class: "chip",
			children: [
				/* @__PURE__ */ M("bdi", { children: B(t) }),
				" ",
				/* @__PURE__ */ M("span", {
					class: "small",
					children: L(e.top_probability[n] ?? 0)
				})
			]
		}, t.id))
	] }) : null;
}
function Fd(e, t) {
	let n = e.filter((e) => e.position >= t && e.position < t + 128), r = [...new Set(n.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), i = [...new Set(n.map((e) => e.position))].sort((e, t) => e - t), a = new Map(n.map((e) => [`${e.layer} ${e.position}`, e]));
	return {
		cells: n,
		layers: r,
		positions: i,
		at: (e, t) => a.get(`${r[t] ?? null} ${i[e]}`)
	};
}
// src/panels/Looked.tsx
function Id() {
	let e = A(), t = Zt(), n = e.at.selection.value, r = t ? Ld(t, n) : null;
	if (!t || !r || r.looks_at.length === 0) return null;
	let i = 1 - r.looks_at.reduce((e, t) => e + t.attention, 0), a = Lr(B(t.tokens[t.position]));
	return /* @__PURE__ */ M(Z, {
		name: "looked",
		title: `Where ${P(N(r))} looked`,
		note: `Its attention from ${a}; all shares come to 1.`,
		children: [/* @__PURE__ */ M(X, {
			name: `looked-${P(N(r))}`,
			figure: (e) => Fs(t, r, e),
			table: () => Is(r),
			data: t
		}), /* @__PURE__ */ M("table", {
			class: "looked",
			children: [/* @__PURE__ */ M("thead", {
				class: "hidden",
				children: /* @__PURE__ */ M("tr", { children: [
					/* @__PURE__ */ M("th", {
						scope: "col",
						children: "token"
					}),
					/* @__PURE__ */ M("th", {
						scope: "col",
						children: "share"
					}),
					/* @__PURE__ */ M("th", {
						scope: "col",
						children: "attention"
					})
				] })
			}), /* @__PURE__ */ M("tbody", { children: [r.looks_at.map((e) => /* @__PURE__ */ M("tr", { children: [
				/* @__PURE__ */ M("th", {
					scope: "row",
					children: [
						/* @__PURE__ */ M("bdi", { children: B(e) }),
						" ",
						!r.cross && e.position === 0 && t.position > 0 ? /* @__PURE__ */ M("span", {
							class: "small",
							children: "first token"
						}) : null
					]
				}),
				/* @__PURE__ */ M("td", { children: /* @__PURE__ */ M("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ M("span", { style: { width: `${e.attention * 100}%` } })
				}) }),
				/* @__PURE__ */ M("td", {
					class: "number",
					children: F(e.attention)
				})
			] }, e.position)), i > .005 ? /* @__PURE__ */ M("tr", { children: [
				/* @__PURE__ */ M("th", {
					scope: "row",
					class: "small",
					children: "elsewhere"
				}),
				/* @__PURE__ */ M("td", { children: /* @__PURE__ */ M("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ M("span", {
						class: "rest",
						style: { width: `${i * 100}%` }
					})
				}) }),
				/* @__PURE__ */ M("td", {
					class: "number",
					title: L(i),
					children: F(i)
				})
			] }) : null] })]
		})]
	});
}
function Ld(e, t) {
	let n = e.answer.part ? _n(e.answer.part) : null, r = (t) => t && e.heads.find((e) => dn(N(e), t));
	return r(t) ?? r(n) ?? e.heads[0] ?? null;
}
// src/panels/Pins.tsx
var Rd = 3;
function zd() {
	let e = A(), { pins: t, b: n } = e.state.value;
	return e.explained.value ? /* @__PURE__ */ M(Z, {
		name: "pins",
		title: "Pins",
		note: t.length === 0 ? "Pin the test of a part (choose one in Why, Parts or Graph and press p) to see here what several do together." : "Each pin alone, and all of them together in one run.",
		children: t.length === 0 ? /* @__PURE__ */ M(Bd, {}) : /* @__PURE__ */ M(x, { children: [
			/* @__PURE__ */ M("ul", {
				class: "pins",
				children: t.map((r, i) => /* @__PURE__ */ M("li", { children: [/* @__PURE__ */ M("div", {
					class: "controls",
					children: [
						/* @__PURE__ */ M(xo, { part: r.part }),
						/* @__PURE__ */ M("select", {
							"aria-label": `How ${P(r.part)} is tested`,
							value: r.how,
							onChange: (n) => {
								let r = n.currentTarget.value;
								e.set({ pins: t.map((e, t) => t === i ? {
									...e,
									how: r
								} : e) });
							},
							children: Jn.map((e) => /* @__PURE__ */ M("option", {
								value: e,
								disabled: e === "swap" && n === null,
								children: e
							}, e))
						}),
						/* @__PURE__ */ M("button", {
							type: "button",
							"aria-label": `Remove the pin of ${P(r.part)}`,
							onClick: () => e.set({ pins: t.filter((e, t) => t !== i) }),
							children: "×"
						})
					]
				}), t.length > 1 ? /* @__PURE__ */ M(Js, {
					tests: [r],
					note: "this pin alone"
				}) : null] }, fn(r.part)))
			}),
			t.length > 1 ? /* @__PURE__ */ M("h3", { children: "All together" }) : null,
			/* @__PURE__ */ M(Js, {
				tests: t,
				note: t.length === 1 ? "this pin" : `these ${t.length} pins`
			})
		] })
	}) : null;
}
function Bd() {
	let e = A(), t = Xt(), n = t?.result ? Vo(t.result).slice(0, Rd) : [];
	return n.length === 0 ? /* @__PURE__ */ M(V, { answer: t }) : /* @__PURE__ */ M("p", {
		class: "controls",
		children: ["Begin with what matters most here:", n.map(({ part: t }) => /* @__PURE__ */ M("button", {
			type: "button",
			onClick: () => e.set({ pins: [{
				part: t,
				how: "zero"
			}] }),
			children: [P(t), " set to zero"]
		}, fn(t)))]
	});
}
// src/panels/Prediction.tsx
function Vd() {
	let e = A().explained.value, t = Oc();
	if (!e) return null;
	let { target: n, position: r, tokens: i, model: a } = e;
	return /* @__PURE__ */ M(Z, {
		name: "prediction",
		title: "Prediction",
		note: /* @__PURE__ */ M(x, { children: [
			a.bidirectional ? "At" : "After",
			" ",
			r,
			" ",
			Lr(B(i[r])),
			": ",
			z(n.text),
			" ",
			"has ",
			L(n.probability),
			", rank ",
			n.rank,
			". Choose a token to explain it."
		] }),
		children: [
			/* @__PURE__ */ M(X, {
				name: "prediction",
				figure: (t) => js(e, t),
				table: () => Ms(e),
				data: e
			}),
			e.notes.map((e) => /* @__PURE__ */ M("p", {
				class: "note",
				children: e
			}, e)),
			/* @__PURE__ */ M("div", {
				class: "side-by-side",
				children: [/* @__PURE__ */ M(Hd, {
					explained: e,
					caption: t ? "A" : "Top tokens"
				}), t?.result ? /* @__PURE__ */ M(Hd, {
					explained: t.result,
					caption: "B"
				}) : null]
			})
		]
	});
}
function Hd({ explained: e, caption: t }) {
	let n = A();
	return /* @__PURE__ */ M("table", {
		class: "predictions",
		children: [
			/* @__PURE__ */ M("caption", { children: t }),
			/* @__PURE__ */ M("thead", { children: /* @__PURE__ */ M("tr", { children: [
				/* @__PURE__ */ M("th", {
					scope: "col",
					children: "token"
				}),
				/* @__PURE__ */ M("th", {
					scope: "col",
					class: "number",
					children: "probability"
				}),
				/* @__PURE__ */ M("th", {
					scope: "col",
					children: /* @__PURE__ */ M("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ M("tbody", { children: e.predictions.map((t) => /* @__PURE__ */ M("tr", { children: [
				/* @__PURE__ */ M("td", { children: /* @__PURE__ */ M("button", {
					type: "button",
					class: "part",
					"aria-pressed": t.id === e.target.id,
					disabled: n.data.host === "report",
					onClick: () => n.set(tr(t, n.state.value.vs)),
					onMouseEnter: () => n.foresee(tr(t, n.state.value.vs)),
					children: /* @__PURE__ */ M($, { text: t.text })
				}) }),
				/* @__PURE__ */ M("td", {
					class: "number",
					children: L(t.probability)
				}),
				/* @__PURE__ */ M("td", { children: /* @__PURE__ */ M("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ M("span", { style: { width: `${t.probability * 100}%` } })
				}) })
			] }, t.id)) })
		]
	});
}
// src/panels/Sentence.tsx
function Ud() {
	let e = A().explained.value, t = Xt();
	if (!e) return null;
	let n = t?.result ?? null, r = n?.words?.units ?? [], i = t !== null && !n && !t.error;
	return /* @__PURE__ */ M("section", {
		class: "panel panel-sentence",
		"aria-label": "The answer",
		children: /* @__PURE__ */ M("p", {
			class: "sentence",
			children: n ? n.sentence.map((e, t) => /* @__PURE__ */ M(Gd, {
				span: e,
				units: r
			}, t)) : /* @__PURE__ */ M(x, { children: [Wd(e.sentence).map((e, t) => /* @__PURE__ */ M(Gd, {
				span: e,
				units: r
			}, t)), i ? /* @__PURE__ */ M("span", {
				class: "waiting",
				children: " Now each word is taken away, and each head switched off …"
			}) : null] })
		})
	});
}
function Wd(e) {
	let t = e.findIndex((e) => e.kind === null && e.text.trimEnd().endsWith("."));
	return t < 0 ? e : e.slice(0, t + 1);
}
function Gd({ span: e, units: t }) {
	let n = A(), r = e.kind === "part" ? _n(e.text) : null;
	if (r) return /* @__PURE__ */ M(xo, { part: r });
	let i = e.kind === "word" ? t[e.place ?? -1] : void 0;
	return i ? /* @__PURE__ */ M("button", {
		type: "button",
		class: "noun",
		onClick: () => n.set({ word: i.positions[0] ?? null }),
		children: e.text
	}) : e.kind === null ? /* @__PURE__ */ M("span", { children: e.text }) : /* @__PURE__ */ M("bdi", {
		class: `said-${e.kind}`,
		children: e.text
	});
}
// src/lib/words.ts
var Kd = 40;
function qd(e, t) {
	let n = new Map(t.flatMap((e) => e.positions.map((t) => [t, e]))), r = [], i = null;
	for (let t of e.tokens) {
		let e = n.get(t.position) ?? null;
		i && i.unit === e && i.role === (t.role ?? null) ? i.tokens.push(t) : (i = {
			unit: e,
			before: "",
			text: "",
			tokens: [t],
			role: t.role ?? null
		}, r.push(i));
	}
	return r.map((e) => Qd({
		...e,
		text: Jd(e.tokens)
	}));
}
function Jd(e) {
	let [t] = e;
	return e.length === 1 && t?.fragment ? t.fragment : Rr(e);
}
function Yd(e) {
	return Math.max(0, ...e.filter(tf).map((e) => Math.abs(e.effect)));
}
function Xd({ by: e }) {
	return e === "spans" ? "piece" : e;
}
function Zd(e, t) {
	let n = [...e], r = 0, i = [];
	for (let e of t) {
		if (e.start === null || e.end === null) continue;
		let t = n.slice(r, e.start).join("");
		i.push({
			unit: e,
			before: t,
			text: n.slice(e.start, e.end).join(""),
			tokens: [],
			role: null
		}), r = e.end;
	}
	let a = n.slice(r).join("");
	return a.trim() === "" ? i : [...i, {
		unit: null,
		before: "",
		text: a,
		tokens: [],
		role: null
	}];
}
function Qd(e) {
	let { unit: t, tokens: n } = e;
	if (t && n.length > 1 && t.text.trim() !== "") {
		let n = /^\s*/.exec(e.text)?.[0] ?? "";
		return {
			...e,
			before: n,
			text: t.text.trim()
		};
	}
	let r = e.text, i = r.trimStart();
	return i === "" ? {
		...e,
		text: r
	} : {
		...e,
		before: r.slice(0, r.length - i.length),
		text: i
	};
}
function $d({ text: e, positions: t }, n = []) {
	let r = t.length === 1 ? n[t[0] ?? -1]?.fragment : null;
	if (r) return r;
	let i = [...e.trim() === "" ? R(e) : e.trim().split(/\s+/).map(R).join(" ")];
	return i.length > Kd ? `${i.slice(0, 39).join("")}…` : i.join("");
}
function ef(e) {
	let t = e.filter(tf);
	return [...t.length > 0 ? t : e].sort((e, t) => Math.abs(t.effect) - Math.abs(e.effect))[0] ?? null;
}
function tf({ counted: e, mark: t }) {
	return e ?? t === null;
}
function nf(e) {
	return e.mark === "first" && !tf(e);
}
function rf(e, t) {
	let n = Math.abs(e.effect) < .1 ? "" : e.effect > 0 ? "↓ to " : "↑ to ";
	return e.difference_without === null ? n + Dr(t.target.probability, e.probability_without)[1] : n + I(e.difference_without);
}
// src/lib/find.ts
function af(e, t) {
	let n = t.toLowerCase();
	if (!n) return [];
	let r = [], i = "";
	for (let t of e) r.push(i.length), i += t.toLowerCase();
	let a = [], o = 0;
	for (let e = i.indexOf(n); e >= 0; e = i.indexOf(n, e + 1)) {
		for (; o + 1 < r.length && (r[o + 1] ?? 0) <= e;) o += 1;
		a.at(-1) !== o && a.push(o);
	}
	return a;
}
// src/ui/Find.tsx
function of(e) {
	let t = k(""), n = k(-1), r = af(e.texts, t.value), i = (t) => {
		r.length !== 0 && (n.value = (n.value + t + r.length) % r.length, e.go(r[n.value] ?? null));
	}, a = (r) => {
		t.value = r, n.value = -1;
		let i = af(e.texts, r)[0];
		i !== void 0 && (n.value = 0), e.go(i ?? null);
	};
	return /* @__PURE__ */ M("label", { children: [
		"Find in the prompt",
		" ",
		/* @__PURE__ */ M("input", {
			type: "search",
			value: t.value,
			onInput: (e) => a(e.currentTarget.value),
			onKeyDown: (e) => {
				e.key === "Enter" && (i(e.shiftKey ? -1 : 1), e.preventDefault());
			}
		}),
		" ",
		/* @__PURE__ */ M("output", {
			class: "small",
			children: t.value ? r.length === 0 ? "is not there" : `${n.value + 1} of ${r.length}, token ${r[n.value] ?? ""}` : ""
		})
	] });
}
// src/panels/TokenStrip.tsx
function sf() {
	let e = A(), t = e.explained.value, n = Oi(t?.position ?? 0, t?.tokens.length ?? 0), r = k(null), i = Ve(() => (t?.tokens ?? []).map((e) => e.text), [t]), a = hf(), o = cf();
	if (!t) return null;
	let { tokens: s, position: c } = t, l = a !== null && hn(a.part), u = [...o.values()].map((e) => e.effect), d = Math.max(0, ...(a?.values ?? u).map(Math.abs)), f = s.slice(n.value, n.value + 128), p = f.some((e) => e.role);
	return /* @__PURE__ */ M(Z, {
		name: "strip",
		title: "Tokens",
		note: a ? /* @__PURE__ */ M(x, { children: [
			"Coloured by what each token gives the target through ",
			P(a.part),
			": orange + raises, purple − lowers; largest ",
			I(a.values.reduce((e, t) => Math.abs(t) > Math.abs(e) ? t : e, 0)),
			" logits."
		] }) : o.size > 0 ? `Under a word: what is left of ${z(t.target.text)} without it. ○ Many heads rest on the first word, whatever it says.` : `Choose the position ${t.model.bidirectional ? "whose token" : "whose next token"} is explained. Select a head or an attention sublayer to colour its sources.`,
		children: [
			e.reads() === null ? null : /* @__PURE__ */ M(df, {
				sources: t.sources ?? [],
				values: l ? a.values : [],
				largest: d
			}),
			/* @__PURE__ */ M(So, {
				start: n,
				length: s.length,
				what: "tokens"
			}),
			s.length > 128 ? /* @__PURE__ */ M(of, {
				texts: i,
				go: (e) => {
					r.value = e, e !== null && (n.value = ki(e, n.value, s.length));
				}
			}) : null,
			/* @__PURE__ */ M("ol", {
				class: "strip",
				start: n.value + 1,
				children: f.map((n, i) => {
					let s = n.role && (i === 0 || n.role !== f[i - 1]?.role), u = l || n.position > c && !t.model.bidirectional, m = a ? void 0 : o.get(n.position), h = u ? void 0 : a ? a.values[n.position] : m?.effect;
					return /* @__PURE__ */ M("li", { children: [/* @__PURE__ */ M("button", {
						type: "button",
						class: n.position === r.value ? "token found" : "token",
						"aria-pressed": n.position === c,
						style: ff(h, d),
						title: m && uf(m, t),
						onClick: () => e.set({
							position: n.position,
							target: null
						}),
						onKeyDown: (e) => mf(e),
						children: [
							/* @__PURE__ */ M("span", {
								class: "index",
								children: n.position
							}),
							/* @__PURE__ */ M($, {
								text: n.text,
								fragment: n.fragment
							}),
							m ? /* @__PURE__ */ M("span", {
								class: "sign",
								children: m.positions[0] === n.position ? lf(m) : "\xA0"
							}) : /* @__PURE__ */ M(pf, {
								value: h,
								largest: d
							})
						]
					}), p ? /* @__PURE__ */ M("span", {
						class: "small role",
						children: s ? n.role : "\xA0"
					}) : null] }, n.position);
				})
			})
		]
	});
}
function cf() {
	let e = A(), t = Zt()?.words;
	if (e.reads() !== null || t?.by !== "word") return /* @__PURE__ */ new Map();
	let n = t.units.filter((e) => e.mark !== "last");
	return new Map(n.flatMap((e) => e.positions.map((t) => [t, e])));
}
function lf(e) {
	let t = e.difference_without === null ? L(e.probability_without) : I(e.difference_without);
	return nf(e) ? `${t} ○` : t;
}
function uf(e, t) {
	let { target: n } = t, [r, i] = Dr(n.probability, e.probability_without), { instead: a } = e, o = a.id === n.id ? "the same" : `${z(a.text)} (${L(a.probability)})`;
	return `Without ${z(e.text)}: ${z(n.text)} ${r} → ${i} (${I(-e.effect)} ${e.difference_without === null ? "nats" : "logits"}); it says ${o}`;
}
function df(e) {
	let t = Oi(0, e.sources.length), n = e.sources.slice(t.value, t.value + 128);
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M("p", {
			class: "note",
			children: "What the encoder read; cross-attention takes from here:"
		}),
		/* @__PURE__ */ M(So, {
			start: t,
			length: e.sources.length,
			what: "source positions"
		}),
		/* @__PURE__ */ M("ol", {
			class: "strip",
			"aria-label": "Source",
			start: t.value + 1,
			children: n.map((t) => /* @__PURE__ */ M("li", { children: /* @__PURE__ */ M("span", {
				class: "token source",
				style: ff(e.values[t.position], e.largest),
				children: [
					/* @__PURE__ */ M("span", {
						class: "index",
						children: t.position
					}),
					/* @__PURE__ */ M($, { text: t.label }),
					/* @__PURE__ */ M(pf, {
						value: e.values[t.position],
						largest: e.largest
					})
				]
			}) }, t.position))
		})
	] });
}
function ff(e, t) {
	if (e === void 0) return {};
	let n = Fi(e, t);
	return {
		background: n,
		color: Li(n)
	};
}
function pf(e) {
	let { value: t } = e;
	return /* @__PURE__ */ M("span", {
		class: "sign",
		children: t !== void 0 && Math.abs(t) > e.largest / 20 ? I(t) : "\xA0"
	});
}
function mf(e) {
	let t = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
	if (t === 0) return;
	let n = e.currentTarget.parentElement;
	(t > 0 ? n?.nextElementSibling : n?.previousElementSibling)?.querySelector("button")?.focus(), e.preventDefault();
}
function hf() {
	let e = A(), t = e.at.selection.value, n = e.followed(), r = (e) => e && n && pn(e) !== "mlp" ? {
		ask: "attention",
		...n,
		layer: e.layer,
		...gn(e)
	} : null, i = Vt(r(t)), a = e.hovered.value, o = r(a), s = o && e.desk.peek(o);
	return a && s ? {
		part: a,
		values: gf(s, a)
	} : t && i?.result ? {
		part: t,
		values: gf(i.result, t)
	} : null;
}
function gf(e, t) {
	let n = e.heads.filter((e) => t.head === void 0 || e.head === t.head);
	return (hn(t) ? e.sources ?? [] : e.tokens).map((e, t) => n.reduce((e, n) => e + (n.contribution[t] ?? 0), 0));
}
// src/lib/figure/words.ts
var _f = 10.5, vf = 2.5, yf = 30, bf = 15, xf = 16;
function Sf(e, t) {
	let n = e.words?.units ?? [], r = Yd(n), i = (t.source && n.length > 0 ? Zd(t.source ?? "", n) : qd(e, n)).filter((e) => e.role !== "template"), a = i.flatMap((t, n) => Ef(t, i[n - 1], e, r)), o = Zi(t.source ?? t.prompt), s = kf([...a, Of(e, o)]), c = s.slice(0, Math.max(0, s.length - xf)), l = s.slice(c.length), u = c.flat().filter(([e]) => e.ends).length, d = [Af(l, o), ka(wf(e, r), U)], f = u > 0 ? ` The first ${u} are not shown.` : "";
	return J(U, d, {
		shows: `${Cf(e)}${f}`,
		made: e,
		asked: t,
		about: ja(e.target)
	});
}
function Cf({ words: e, target: t, reference: n }) {
	if (!e) return `The prompt, and what the model says: “${Y(t.text)}”.`;
	let r = n.kind === "versus" ? `the lead of “${Y(t.text)}” over “${Y(n.text ?? "")}”, in logits,` : `the probability of “${Y(t.text)}”`, i = e.units.some(nf) ? ` Dashed, not counted: the first ${Xd(e)}; any text loses about as much without its first, since many heads rest there whatever it says.` : "";
	return `Under each ${Xd(e)}: ${r} when that ${Xd(e)} alone is ${e.how === "mask" ? "hidden" : "deleted"} (↓ it falls, ↑ it rises).${i}`;
}
function wf({ reference: e }, t) {
	return {
		label: e.kind === "versus" ? "effect on the lead, logits" : "effect on the log-probability, nats",
		colour: (e) => Tf(1 - 2 * e, 1),
		low: I(-t),
		middle: "0",
		high: I(t)
	};
}
function Tf(e, t) {
	return Fi(t > 0 ? .75 * e / t : 0, 1, !1);
}
function Ef(e, t, n, r) {
	let { unit: i, role: a } = e, o = la(e.text.trim() === "" ? R(e.text) : ba(e.text), U - 6, _f), s = i === null ? "" : i.mark === "last" ? "asked here" : rf(i, n), c = a !== null && a !== (t?.role ?? null);
	return o.map((t, n) => {
		let l = n === 0, u = n === o.length - 1 ? s : "", d = Math.max(q(t, _f) + 6, q(u, G) + 2);
		return {
			width: d,
			ends: n === o.length - 1,
			breaks: l && (c || e.before.includes("\n")),
			draw: (e) => {
				let { ink: n, ground: o } = Df(i, r, e, d);
				return [
					c && l ? K(e, -2, a, {
						size: G,
						fill: W
					}) : "",
					o,
					K(e + d / 2, 10.8, t, {
						size: _f,
						fill: n,
						anchor: "middle"
					}),
					K(e + d / 2, 23, u, {
						size: G,
						fill: W,
						anchor: "middle"
					})
				].join("");
			}
		};
	});
}
function Df(e, t, n, r) {
	if (e === null) return {
		ink: W,
		ground: ""
	};
	let i = (e) => Qi(n, 0, r, bf, {
		rx: 2,
		fill: "none",
		...e
	});
	if (nf(e)) return {
		ink: zi,
		ground: i({
			stroke: Vi,
			"stroke-width": .8,
			"stroke-dasharray": "2 1.5"
		})
	};
	if (e.mark === "last") return {
		ink: zi,
		ground: i({
			stroke: "#9a9a94",
			"stroke-width": .6
		})
	};
	let a = Tf(e.effect, t), o = e.effect < -.1 ? Qi(n, 12, r, 3, { fill: "url(#hatched)" }) : "";
	return {
		ink: Li(a),
		ground: i({ fill: a }) + o
	};
}
function Of({ target: e, reference: t, ledger: n }, r) {
	let i = Y(e.text), a = t.kind === "versus" ? `${I(n.value)} with all` : L(e.probability), o = q("→", _f) + 8, s = Math.max(q(i, _f, !0) + 6 + 2, q(a, G) + 4);
	return {
		width: o + s,
		breaks: !1,
		ends: !0,
		draw: (e) => {
			let [t, n] = r ? [e, e + s + o / 2] : [e + o, e + o / 2];
			return [
				K(n, 10.8, r ? "←" : "→", {
					size: _f,
					fill: W,
					anchor: "middle"
				}),
				Qi(t, 0, s, bf, {
					rx: 2,
					fill: "none",
					stroke: zi,
					"stroke-width": 1
				}),
				K(t + s / 2, 10.8, i, {
					size: _f,
					bold: !0,
					anchor: "middle"
				}),
				K(t + s / 2, 23, a, {
					size: G,
					bold: !0,
					anchor: "middle"
				})
			].join("");
		}
	};
}
function kf(e) {
	let t = [[]], n = 0;
	for (let r of e) n > 0 && (r.breaks || n + r.width > U) && (t.push([]), n = 0), t.at(-1)?.push([r, n]), n += r.width + vf;
	return t;
}
function Af(e, t) {
	let n = e.map((e, n) => Wi("g", { transform: `translate(0 ${n * yf + 9})` }, e.map(([e, n]) => e.draw(t ? U - n - e.width : n)).join("\n")));
	return {
		height: e.length * yf + 9 - 5,
		body: n.join("\n")
	};
}
function jf(e) {
	return {
		head: [
			"unit",
			"first_position",
			"last_position",
			"effect",
			"probability",
			"probability_without",
			"log_probability_without",
			"logit_without",
			"difference_without",
			"says_instead",
			"its_probability",
			"mark",
			"counted"
		],
		rows: (e.words?.units ?? []).map((t) => [
			t.text,
			t.positions[0] ?? null,
			t.positions.at(-1) ?? null,
			t.effect,
			e.target.probability,
			t.probability_without,
			t.log_probability_without,
			t.logit_without,
			t.difference_without,
			t.instead.text,
			t.instead.probability,
			t.mark,
			+!!tf(t)
		])
	};
}
// src/panels/Words.tsx
var Mf = 5, Nf = 40;
function Pf() {
	let e = A(), t = e.explained.value, n = Zt(), r = Xt(), i = k(null);
	if (!t) return null;
	let a = n?.words?.units ?? [], o = a.find((t) => t.positions[0] === e.at.word.value) ?? null, s = a.find((e) => e === i.value) ?? null ?? o ?? ef(a);
	return /* @__PURE__ */ M("section", {
		class: "panel panel-words",
		"aria-label": "The prompt and the answer",
		children: [
			n ? /* @__PURE__ */ M(X, {
				name: "words",
				figure: (e) => Sf(n, e),
				table: () => jf(n),
				data: n
			}) : null,
			/* @__PURE__ */ M(Ff, {
				explained: t,
				units: a,
				onHover: (e) => i.value = e
			}),
			/* @__PURE__ */ M(Hf, { explained: t }),
			s ? /* @__PURE__ */ M(zf, {
				unit: s,
				explained: t,
				tested: n
			}) : null,
			/* @__PURE__ */ M(Uf, {
				explained: t,
				tested: n,
				failed: !!r?.error
			}),
			t.notes.map((e) => /* @__PURE__ */ M("p", {
				class: "note",
				children: e
			}, e))
		]
	});
}
function Ff(e) {
	let t = A(), { explained: n, units: r } = e, { target: i } = n, a = Yd(r), o = t.answered.value?.source ?? null, s = t.reads() === "text" && o !== null && r.length > 0 ? Zd(o, r) : qd(n, r), c = s.some((e) => e.role !== null), l = s.filter((e) => e.role !== "template"), u = l.length > Nf || n.tokens.length > 160, d = Be(null);
	return ze(() => {
		u && d.current && (d.current.scrollTop = d.current.scrollHeight);
	}, [
		u,
		n,
		r.length
	]), /* @__PURE__ */ M("div", {
		ref: d,
		class: u ? "text long" : "text",
		dir: "auto",
		children: [l.map((t, r) => /* @__PURE__ */ M(x, { children: [c && t.role !== null && t.role !== (l[r - 1]?.role ?? null) ? /* @__PURE__ */ M("span", {
			class: "turn",
			children: t.role
		}) : /* @__PURE__ */ M(If, { text: r === 0 ? "" : t.before }), /* @__PURE__ */ M(Lf, {
			stretch: t,
			largest: a,
			explained: n,
			onHover: e.onHover
		})] }, r)), /* @__PURE__ */ M("span", {
			class: "answer",
			children: [/* @__PURE__ */ M("span", {
				class: "arrow",
				"aria-hidden": "true",
				children: "→"
			}), /* @__PURE__ */ M("button", {
				type: "button",
				class: "said",
				title: "What the model says here; choose it to see how the parts add up to it",
				onClick: () => t.go("parts"),
				children: [
					/* @__PURE__ */ M("bdi", {
						class: "token-text",
						children: Vf(n, i.text)
					}),
					" ",
					/* @__PURE__ */ M("span", {
						class: "small",
						children: L(i.probability)
					})
				]
			})]
		})]
	});
}
function If({ text: e }) {
	let t = e.split("\n").length - 1;
	return t > 0 ? /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M("span", {
		class: "small",
		children: "↵".repeat(t)
	}), /* @__PURE__ */ M("br", {})] }) : /* @__PURE__ */ M("span", { children: e === "" ? "" : " " });
}
function Lf(e) {
	let t = A(), { stretch: n, explained: r, largest: i } = e, { unit: a } = n;
	if (!a) return /* @__PURE__ */ M("span", {
		class: "unread",
		children: n.text
	});
	let o = nf(a), s = tf(a) && i > 0 ? Fi(.75 * a.effect / i, 1) : null, c = s ? {
		background: s,
		color: Li(s)
	} : {};
	return /* @__PURE__ */ M("button", {
		type: "button",
		class: `word${o ? " rests" : a.mark === "last" ? " last" : ""}`,
		title: Rf(a, r),
		"aria-pressed": t.at.word.value !== null && a.positions[0] === t.at.word.value,
		onClick: () => t.set({ word: a.positions[0] ?? null }),
		onMouseEnter: () => e.onHover(a),
		onMouseLeave: () => e.onHover(null),
		onFocus: () => e.onHover(a),
		onBlur: () => e.onHover(null),
		children: [
			/* @__PURE__ */ M("span", {
				class: "word-text",
				style: c,
				children: n.text.trim() === "" ? z(n.text) : n.text
			}),
			/* @__PURE__ */ M("small", { children: a.mark === "last" ? "asked here" : rf(a, r) }),
			o ? /* @__PURE__ */ M("small", {
				class: "uncounted",
				children: "not counted"
			}) : null
		]
	});
}
function Rf(e, t) {
	let { target: n, reference: r, ledger: i } = t, a = e.difference_without !== null && r.kind === "versus", [o, s] = a ? [I(i.value), `${I(e.difference_without ?? 0)} logits`] : Dr(n.probability, e.probability_without), c = a ? `the lead of ${Vf(t, n.text)} over ${Vf(t, r.text ?? "")}` : Vf(t, n.text);
	return Lr(`Without ${$d(e, t.tokens)} alone: ${c} ${o} → ${s}`);
}
function zf(e) {
	let t = A(), { unit: n, explained: r, tested: i } = e, { instead: a } = n, o = t.reads() !== null, s = (i?.heads ?? []).filter((e) => e.looks_at.some((t) => e.cross === o && n.positions.includes(t.position) && t.attention >= .25)).filter(({ zeroed: e }) => Bf(e)).slice(0, 4), c = o ? void 0 : r.tokens[n.positions.at(-1) ?? -1];
	return /* @__PURE__ */ M("p", {
		class: "without",
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ M("strong", { children: Rf(n, r) }),
			n.difference_without === null ? /* @__PURE__ */ M("span", {
				class: "small",
				children: [
					" ",
					"(",
					I(-n.effect),
					" ",
					/* @__PURE__ */ M(Q, { name: "nats" }),
					")"
				]
			}) : null,
			n.mark === "last" ? ". The question is asked here, so without it another question is asked." : null,
			nf(n) ? ". Any text loses about as much without its first word: many heads rest there, whatever it says. So it is not counted." : null,
			a.id === r.predictions[0]?.id ? ". It still says " : ". It says ",
			/* @__PURE__ */ M("bdi", {
				class: "token-text",
				children: Vf(r, a.text)
			}),
			" ",
			/* @__PURE__ */ M("span", {
				class: "small",
				children: L(a.probability)
			}),
			a.id === r.predictions[0]?.id ? "." : " instead.",
			" ",
			s.length > 0 ? /* @__PURE__ */ M(x, { children: [
				"Read by",
				" ",
				s.map((e) => /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(xo, { part: N(e) }), " "] }, `${e.layer} ${e.head}`))
			] }) : null,
			c && c.position !== r.position && t.data.host !== "report" ? /* @__PURE__ */ M("button", {
				type: "button",
				onClick: () => t.set({
					position: c.position,
					target: null,
					word: null
				}),
				children: [
					"What ",
					r.model.bidirectional ? "stands at" : "follows",
					" ",
					Lr($d(n, r.tokens)),
					"?"
				]
			}) : null
		]
	});
}
function Bf(e) {
	let t = e && (e.difference ?? e.effect);
	return !!(t && t.size !== "none" && t.verdict !== "ordinary");
}
function Vf({ target: e, predictions: t, reference: n }, r) {
	let i = t.slice(0, 6).map((e) => e.text);
	return Hr(r, [
		e.text,
		...i,
		...n.text === null ? [] : [n.text]
	]);
}
function Hf({ explained: e }) {
	let t = A(), n = e.predictions.filter((t) => t.id !== e.target.id).slice(0, Mf), r = t.at.vs.value, i = t.data.host === "report", a = n.filter((e) => !e.text.includes("�") && e.text !== "");
	return Ht(t.asksOf(...n.map((e) => tr(e, r)), ...a.map((e) => ({ vs: e.text })))), /* @__PURE__ */ M("p", {
		class: "alternatives",
		children: [
			/* @__PURE__ */ M("span", { children: "or" }),
			n.map((n) => /* @__PURE__ */ M("button", {
				type: "button",
				class: "alternative",
				disabled: i,
				title: "Explain this token",
				onClick: () => t.set(tr(n, r)),
				onMouseEnter: () => t.foresee(tr(n, r)),
				onFocus: () => t.foresee(tr(n, r)),
				children: [
					/* @__PURE__ */ M("bdi", {
						class: "token-text",
						children: Vf(e, n.text)
					}),
					" ",
					/* @__PURE__ */ M("span", {
						class: "small",
						children: L(n.probability)
					})
				]
			}, n.id)),
			/* @__PURE__ */ M("label", {
				class: "compare-with",
				children: [/* @__PURE__ */ M("span", {
					class: "hidden",
					children: "Compare with"
				}), /* @__PURE__ */ M("select", {
					value: r ?? "",
					disabled: i,
					onChange: (e) => t.set({ vs: e.currentTarget.value || null }),
					children: [
						/* @__PURE__ */ M("option", {
							value: "",
							children: r === null ? "compare with …" : "compare with nothing"
						}),
						r === null || n.some((e) => e.text === r) ? null : /* @__PURE__ */ M("option", {
							value: r,
							children: ["against ", z(r)]
						}),
						a.map((e) => /* @__PURE__ */ M("option", {
							value: e.text,
							children: ["against ", z(e.text)]
						}, e.id))
					]
				})]
			})
		]
	});
}
function Uf(e) {
	let { explained: t, tested: n } = e, r = n?.words;
	if (!n) return e.failed ? null : /* @__PURE__ */ M("p", {
		class: "key",
		children: "Each word is being taken away, to see what is left …"
	});
	if (!r) return /* @__PURE__ */ M("p", {
		class: "key",
		children: n.control ? "No word can be taken away here." : "No word was taken away: this was made without its tests."
	});
	let i = Lr(Vf(t, t.target.text)), a = t.reference.kind === "versus" ? `the lead of ${i}, in logits,` : `the probability of ${i}`, o = r.units.some(nf);
	return /* @__PURE__ */ M("p", {
		class: "key",
		children: [
			"Under each ",
			Xd(r),
			": ",
			a,
			" when that ",
			Xd(r),
			" alone is",
			" ",
			r.how === "mask" ? "hidden" : "deleted",
			". ",
			/* @__PURE__ */ M("span", {
				class: "swatch falls",
				"aria-hidden": "true"
			}),
			" ↓ it falls,",
			" ",
			/* @__PURE__ */ M("span", {
				class: "swatch rises",
				"aria-hidden": "true"
			}),
			" ↑ it rises.",
			o ? /* @__PURE__ */ M(x, { children: [
				" ",
				/* @__PURE__ */ M("span", {
					class: "swatch dashed",
					"aria-hidden": "true"
				}),
				" The first ",
				Xd(r),
				" is not counted: any text loses about as much without its first, since many heads rest there whatever it says (an",
				" ",
				/* @__PURE__ */ M(Q, { name: "attention sink" }),
				")."
			] }) : null,
			" ",
			"Choose one to see more."
		]
	});
}
// src/views/Views.tsx
var Wf = {
	why: Kf,
	parts: qf,
	graph: Jf,
	tests: Yf,
	compare: Xf,
	facts: Zf,
	continue: Qf
};
function Gf() {
	let e = A().at.view.value, t = Wf[e];
	return /* @__PURE__ */ M("div", {
		class: `view view-${e}`,
		children: [/* @__PURE__ */ M(t, {}), /* @__PURE__ */ M(ac, {})]
	});
}
function Kf() {
	let e = A();
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(Ud, {}),
		/* @__PURE__ */ M(Pf, {}),
		/* @__PURE__ */ M(gc, {}),
		/* @__PURE__ */ M("div", {
			class: "beside",
			children: [
				e.at.selection.value ? /* @__PURE__ */ M(rc, {}) : null,
				/* @__PURE__ */ M(Id, {}),
				/* @__PURE__ */ M(uu, {})
			]
		})
	] });
}
function qf() {
	return /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(sf, {}),
		/* @__PURE__ */ M("div", {
			class: "column column-middle",
			children: [
				/* @__PURE__ */ M(ud, {}),
				/* @__PURE__ */ M(Qc, {}),
				/* @__PURE__ */ M(gc, { besideLedger: !0 })
			]
		}),
		/* @__PURE__ */ M("div", {
			class: "column column-right",
			children: [
				/* @__PURE__ */ M(rc, {}),
				/* @__PURE__ */ M(Ad, {}),
				/* @__PURE__ */ M(Co, {})
			]
		})
	] });
}
function Jf() {
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(Gl, {}), /* @__PURE__ */ M(rc, {})] });
}
function Yf() {
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(zd, {}), /* @__PURE__ */ M(rc, {})] });
}
function Xf() {
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(Rc, {}), /* @__PURE__ */ M(Vd, {})] });
}
function Zf() {
	return /* @__PURE__ */ M(Wu, {});
}
function Qf() {
	return /* @__PURE__ */ M(x, { children: [/* @__PURE__ */ M(Vd, {}), /* @__PURE__ */ M(Yl, {})] });
}
// src/App.tsx
function $f({ page: e }) {
	let t = Be(null);
	return ze(() => e.explain(), [e]), Re(() => e.link(), [e]), Re(() => t.current ? en(e, t.current) : void 0, [e]), /* @__PURE__ */ M(Pt.Provider, {
		value: e,
		children: /* @__PURE__ */ M("div", {
			class: "unembed",
			ref: t,
			children: /* @__PURE__ */ M(Yt, { children: [
				/* @__PURE__ */ M(Xr, {}),
				/* @__PURE__ */ M(ep, {}),
				/* @__PURE__ */ M(ii, {}),
				/* @__PURE__ */ M(ln, {}),
				/* @__PURE__ */ M(Di, {})
			] })
		})
	});
}
function ep() {
	let e = A();
	return Ve(() => ht(() => e.asked()), [e]).value ? /* @__PURE__ */ M(x, { children: [
		/* @__PURE__ */ M(Ti, {}),
		/* @__PURE__ */ M(tp, {}),
		/* @__PURE__ */ M(si, {}),
		/* @__PURE__ */ M(rp, { children: /* @__PURE__ */ M(Gf, {}) })
	] }) : e.data.study ? /* @__PURE__ */ M(bi, { study: e.data.study }) : /* @__PURE__ */ M(ui, {});
}
function tp() {
	let e = A(), t = e.answer.value, n = Nt(!t?.result);
	return !t || t.result || e.desk.lost.value || !(t.error || n) ? null : /* @__PURE__ */ M("div", {
		class: "panel standing",
		children: [/* @__PURE__ */ M(V, { answer: t }), t.error ? /* @__PURE__ */ M(np, {}) : null]
	});
}
function np() {
	let e = A(), { position: t, target: n, vs: r } = e.state.value;
	return e.data.host === "report" || t === null && n === null && r === null ? null : /* @__PURE__ */ M("button", {
		type: "button",
		onClick: () => e.set({
			position: null,
			target: null,
			vs: null
		}),
		children: "Explain the top prediction at the end"
	});
}
function rp({ children: e }) {
	let t = !A().answer.value?.result, n = Nt(t);
	return /* @__PURE__ */ M("main", {
		class: t ? n ? "stale late" : "stale" : "",
		children: e
	});
}
// src/styles.css?inline
var ip = ".unembed{--ground:#fbfbf9;--panel:#fff;--ink:#1b1b1a;--dim:#5a5a57;--line:#d4d4cf;--accent:#7a3e00;--chosen:#fde3c4;--hover:#f4f1ea;--positive:#b35806;--positive-ink:#8a4300;--negative-ink:#542788;--negative:#542788;--error:#a3123a;--mark:#fdc98f;--mark-negative:#d3cbe6;color:var(--ink);background:var(--ground);min-height:100%;font:14px/1.45 system-ui,sans-serif;container-type:inline-size}@media (prefers-color-scheme:dark){.unembed{--ground:#161615;--panel:#1f1f1e;--ink:#ececea;--dim:#b0b0ab;--line:#44443f;--accent:#fdb863;--chosen:#5a3a12;--hover:#2a2a28;--positive:#fdb863;--positive-ink:#fdb863;--negative-ink:#c9c0ea;--negative:#b9aee0;--error:#ff9db4;--mark:#8a4f14;--mark-negative:#584882;--lightningcss-light: ;--lightningcss-dark:initial;color-scheme:dark}}body:has(>#unembed>div>.unembed) .unembed{min-height:100vh}body:has(>#unembed>div>.unembed){--lightningcss-light:initial;--lightningcss-dark: ;color-scheme:light dark;background:canvas;max-width:none;margin:0;padding:0}@media (prefers-color-scheme:dark){body:has(>#unembed>div>.unembed){--lightningcss-light: ;--lightningcss-dark:initial}}.unembed *{box-sizing:border-box}.unembed>*{--wide:1230px}.unembed main{max-width:var(--wide);margin:0 auto;padding:18px 24px 60px}.unembed .view{grid-template-columns:minmax(0,1fr);align-items:start;gap:16px;display:grid}.unembed .view>div:empty{display:none}.unembed .column,.unembed .beside{grid-template-columns:minmax(0,1fr);align-content:start;gap:16px;min-width:0;display:grid}@container (width>=900px){.unembed .view-why{grid-template-columns:minmax(0,1.8fr) minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.2fr) minmax(0,1fr)}:is(.unembed .view-graph:has(.panel-inspector dl),.unembed .view-tests,.unembed .view-continue){grid-template-columns:minmax(0,2fr) minmax(0,1fr)}.unembed .panel-sentence,.unembed .panel-words,.unembed .panel-strip,.unembed .panel-compare{grid-column:1/-1}.unembed .panel-inspector{max-height:96vh;position:sticky;top:8px;overflow:auto}}@container (width<=899px){.unembed main{padding:12px 10px 40px}.unembed .panel-inspector:has(.test){z-index:2;max-height:45vh;position:sticky;bottom:0;overflow:auto;box-shadow:0 -2px 12px #00000040}}@container (width>=1600px){.unembed>*{--wide:1760px;font-size:16px}.unembed .view-why .beside{grid-template-columns:minmax(0,1fr)}.unembed .view-parts{grid-template-columns:minmax(0,1.1fr) minmax(0,1fr)}}@container (width>=2400px){.unembed>*{--wide:2600px;font-size:22px}}.unembed .toast:empty{display:none}.unembed .toast{width:-moz-fit-content;width:fit-content;max-width:90%;color:var(--panel);background:var(--ink);z-index:3;border-radius:8px;margin:0 auto;padding:6px 14px;position:sticky;bottom:12px}@media (prefers-reduced-motion:reduce){.unembed *{scroll-behavior:auto}}.unembed h1,.unembed h2,.unembed h3{margin:0 0 4px;font-size:1.05em}.unembed .close{float:right;border:0;font-size:1.2em;line-height:1}.unembed h1{font-size:1.25em}.unembed h3{margin-top:12px}.unembed .note{color:var(--dim);overflow-wrap:anywhere;margin:2px 0 6px}.unembed .error{color:var(--error);white-space:pre-wrap;overflow-wrap:anywhere}.unembed .stale{opacity:.6}.unembed main.stale:not(.late){opacity:1}.unembed .title,.unembed .fields,.unembed .controls,.unembed .window{flex-wrap:wrap;align-items:center;gap:6px 10px;margin:0 0 6px;display:flex}.unembed input,.unembed textarea,.unembed select,.unembed button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:4px;max-width:100%;padding:3px 8px}.unembed input[type=range]{accent-color:var(--accent);padding:0}.unembed textarea{resize:vertical;width:100%}.unembed input[type=text],.unembed input[type=search]{width:9em}.unembed button{cursor:pointer}.unembed button:hover:not(:disabled){background:var(--hover)}.unembed button:disabled{cursor:default;color:var(--dim);border-style:dashed}.unembed button[aria-pressed=true]{background:var(--chosen);border-color:var(--accent);font-weight:600}.unembed :focus-visible{outline:2px solid var(--accent);outline-offset:1px}.unembed kbd{border:1px solid var(--line);border-radius:3px;padding:0 4px;font:.85em ui-monospace,monospace}.unembed .hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.unembed .small,.unembed .index{color:var(--dim);font-size:.85em}.unembed .choosable{cursor:pointer}.unembed dl{margin:0 0 8px}.unembed dl>div{grid-template-columns:8.5em minmax(0,1fr);padding:1px 0;display:grid}.unembed dt{color:var(--dim)}.unembed dd{margin:0}.unembed fieldset{border:1px solid var(--line);border-radius:4px;min-width:0;margin:0}.unembed .axis{stroke:var(--dim)}.unembed span.positive.number{color:var(--positive-ink)}.unembed span.negative.number{color:var(--negative-ink)}.unembed .bar{background:linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;border-left:1px solid #0000;min-width:60px;height:.8em;display:block;position:relative}.unembed .bar span{position:absolute;top:0;bottom:0}.unembed .bar .positive{background:var(--positive);left:50%}.unembed .bar .negative{background:repeating-linear-gradient(45deg, var(--negative) 0 3px, transparent 3px 5px);right:50%}:is(.unembed .panel:has(.exports),.unembed .has-exports){position:relative}.unembed .exports{font:.87em/1.4 system-ui,sans-serif;position:absolute;top:12px;right:14px}.unembed .has-exports .exports{top:0;right:0}.unembed .exports>summary{color:var(--dim);cursor:pointer;border-radius:4px;padding:1px 6px;list-style:none}.unembed .exports>summary::-webkit-details-marker{display:none}.unembed .exports>summary:after{content:\" ▾\" / \"\"}.unembed .exports>summary:hover,.unembed .exports[open]>summary{color:var(--ink);background:var(--hover)}.unembed .exports>ul{z-index:4;background:var(--panel);border:1px solid var(--line);border-radius:6px;margin:2px 0 0;padding:4px;list-style:none;position:absolute;right:0;box-shadow:0 4px 14px #0000002e}.unembed .exports button{text-align:start;white-space:nowrap;border:0;width:100%}.unembed .has-exports>h3{padding-right:5.5em}.unembed .panel:has(.exports)>h2{padding-right:5.5em}.unembed .panel-words:has(>.exports)>.text{padding-right:5.5em}@container (width<=520px){.unembed .panel-words:has(>.exports)>.text{padding:20px 0 6px}}.unembed .stale .exports{visibility:hidden}.unembed .grid{max-height:70vh;overflow:auto}.unembed .grid canvas{color:var(--ink);display:block}.unembed .told{height:3.4em;color:var(--dim);overflow-wrap:anywhere;margin:2px 0;overflow:auto}.unembed .legend{color:var(--dim);flex-wrap:wrap;align-items:center;gap:2px 8px;margin:2px 0 4px;font-size:.9em;display:flex}.unembed .legend .ramp{border:1px solid var(--line);width:110px;height:.8em}@container (width<=520px){.unembed .told{height:6em}}.unembed .outcome{font-variant-numeric:tabular-nums}.unembed td>.outcome:has(.mark){white-space:nowrap}@container (width<=520px){.unembed td>.outcome .from{display:none}}.unembed .outcome .mark{width:1em;display:inline-block}.unembed .panel{background:var(--panel);border:1px solid var(--line);border-radius:12px;min-width:0;padding:14px 18px}.unembed .side-by-side{grid-template-columns:repeat(auto-fit,minmax(min(210px,100%),1fr));gap:8px;display:grid}.unembed .side-by-side.wide{grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:8px 24px}.unembed .side-by-side>*{min-width:0}.unembed .part{padding:0 6px}.unembed table{border-collapse:collapse;width:100%}.unembed caption{text-align:left;color:var(--dim)}.unembed th,.unembed td{text-align:left;vertical-align:baseline;padding:2px 6px;font-weight:400}.unembed thead th{color:var(--dim);border-bottom:1px solid var(--line)}.unembed .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.unembed .scroll{max-width:100%;position:relative;overflow:auto}.unembed .twin .scroll{max-height:24em}.unembed .others td,.unembed .sum td,.unembed .others th{color:var(--dim)}.unembed .sum td{border-bottom:1px solid var(--line)}.unembed .total>*{border-top:2px solid var(--line);font-weight:600}.unembed .total td[colspan]{font-weight:400}@container (width<=520px){.unembed .wide-only{display:none}.unembed th,.unembed td{padding:2px 3px}}.unembed .term{font:inherit;color:inherit;-webkit-text-decoration:underline dotted var(--dim) 1px;text-decoration:underline dotted var(--dim) 1px;text-underline-offset:3px;cursor:help;background:0 0;border:0;border-radius:0;padding:0}.unembed .big{font-variant-numeric:tabular-nums;margin:4px 0;font-size:1.3em}.unembed .scale{width:100%;max-width:420px}.unembed .scale p{margin:0}.unembed .scale .ends{justify-content:space-between;display:flex}.unembed .band{fill:var(--line)}.unembed .move{stroke:var(--accent);stroke-width:2px}.unembed .before{fill:var(--panel);stroke:var(--accent);stroke-width:2px}.unembed .after{fill:var(--accent)}.unembed .token-text{white-space:pre-wrap;overflow-wrap:anywhere}.unembed .chip{border:1px solid var(--line);border-radius:4px;margin:1px 2px 1px 0;padding:0 5px;display:inline-block}.unembed .strip{flex-wrap:wrap;gap:4px;max-height:60vh;margin:4px 0;padding:3px;list-style:none;display:flex;overflow:auto}.unembed .token{justify-items:center;padding:1px 8px;display:grid}.unembed .token[style] .index{color:inherit}.unembed .token[aria-pressed=true]{box-shadow:0 0 0 2px var(--accent)}.unembed .multiples{grid-template-columns:repeat(auto-fill,minmax(min(190px,100%),1fr));gap:8px;margin:0;padding:0;list-style:none;display:grid}.unembed .strip-names{color:var(--dim);font-size:.75em;display:grid}.unembed .strip-names bdi{text-overflow:ellipsis;white-space:nowrap;text-align:center;overflow:hidden}.unembed .strips{width:100%;height:34px;margin-top:2px;display:block}.unembed .panel-carried table{min-width:520px}.unembed .panel-carried th,.unembed .panel-carried td{vertical-align:middle;border-bottom:1px solid color-mix(in srgb, var(--line) 60%, transparent);padding:5px 8px 5px 0}.unembed .panel-carried thead th{vertical-align:bottom;font-size:.9em}.unembed .panel-carried .number{padding-right:14px}.unembed .panel-carried thead .without-column{width:24%;min-width:110px}.unembed .scale{color:var(--dim);justify-content:space-between;padding-top:1.45em;font-size:.9em;line-height:1.1;display:flex;position:relative}.unembed .scale .high{margin-left:auto}.unembed .mark-before{bottom:0;left:var(--at);transform:translateX(calc(-1 * var(--at)));white-space:nowrap;color:var(--ink);position:absolute}.unembed .mark-before:after{content:\"▾\";width:1em;margin-left:calc(var(--at) - .5em);text-align:center;line-height:1.1;display:block}.unembed .left{background:color-mix(in srgb, var(--line) 55%, transparent);border-radius:3px;height:.85em;display:block;position:relative}.unembed .left i{background:var(--positive);border-radius:3px;position:absolute;inset:0 auto 0 0}.unembed .left.more i{background:repeating-linear-gradient(135deg, var(--negative) 0 3px, transparent 3px 6px);outline:1px solid var(--negative)}.unembed .left b{background:var(--ink);width:2px;margin-left:-1px;position:absolute;top:-4px;bottom:-4px}.unembed .tag{white-space:nowrap;border:1px solid var(--line);border-radius:99px;padding:1px 8px;font-size:.87em}.unembed .tag.carries{background:color-mix(in srgb, var(--mark) 45%, transparent);border-color:#0000}.unembed .tag.holds-back{background:color-mix(in srgb, var(--mark-negative) 60%, transparent);border-color:#0000}.unembed .controls.end{justify-content:flex-end}@container (width>=900px) and (width<=1599px){.unembed .view-parts .panel-carried .bars-column{display:none}}@container (width<=520px){.unembed .panel-carried table{min-width:0}.unembed .panel-carried table .wide-only{display:none}.unembed .panel-carried .tag,.unembed .panel-carried td.number{white-space:normal}}.unembed .columns{width:auto}.unembed .columns td{text-align:center}.unembed .columns .token-text{white-space:pre}.unembed .columns .differs{background:var(--chosen)}.unembed .columns .alone{outline:1px dashed var(--accent);outline-offset:-2px}.unembed .neurons{flex-wrap:wrap;gap:3px;display:inline-flex}.unembed .fact label,.unembed .fact select{max-width:100%}.unembed .fact fieldset{margin-top:8px}.unembed .stacked textarea{display:block}.unembed .find input[aria-invalid=true]{border-color:var(--error)}.unembed .flow text{fill:var(--ink);text-anchor:middle;font-size:11px}.unembed .flow .band-of-token rect{fill:none}.unembed .flow .band-of-token .odd{fill:var(--hover)}.unembed .flow .band-of-token .token-node{fill:var(--panel);stroke:var(--line)}.unembed .flow .faded{opacity:.15}.unembed .flow .spot rect{fill:var(--panel);stroke:var(--dim)}.unembed .flow .spot:is(.hovered,.choosable:hover) rect{fill:var(--hover)}.unembed .flow .spot.choosable[aria-pressed=true]>rect:first-child{fill:var(--chosen);stroke:var(--accent);stroke-width:2px}.unembed .edge:not(.faded){opacity:.75}.unembed .edge.positive{stroke:var(--positive)}.unembed .edge.negative{stroke:var(--negative);stroke-dasharray:5 3}.unembed .edge{fill:none}.unembed .top{background:var(--panel);border-bottom:1px solid var(--line)}.unembed .title{padding:10px max(24px, (100% - var(--wide)) / 2 + 24px);border-bottom:1px solid var(--line);align-items:end;margin:0}.unembed .model{color:var(--dim);border:1px solid var(--line);border-radius:99px;padding:1px 10px;font-size:.9em}.unembed .title h1,.unembed .title .model{align-self:center;margin:0}.unembed .fields{align-items:end}.unembed .title .fields{flex:320px;margin:0}.unembed .fields label{color:var(--dim);gap:2px;min-width:0;font-size:.9em;display:grid}.unembed select.earlier{width:5em}.unembed .fields label.wide{flex:260px}.unembed .find{color:var(--dim);gap:2px;font-size:.9em;display:grid}.unembed .bar-of-views{padding:0 max(24px, (100% - var(--wide)) / 2 + 24px);flex-wrap:wrap;justify-content:space-between;align-items:center;gap:0 16px;display:flex}.unembed nav{flex-wrap:wrap;display:flex}.unembed nav a{color:var(--dim);border-bottom:2px solid #0000;padding:9px 12px;text-decoration:none}.unembed nav a:hover{color:var(--ink)}.unembed nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:600}.unembed .options summary{color:var(--dim);cursor:pointer}.unembed .options .fields{margin:0;padding:4px 0 8px}@container (width<=899px){.unembed .title,.unembed .bar-of-views{padding-left:10px;padding-right:10px}.unembed nav a{padding:8px 7px}}.unembed dialog{color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:6px;max-width:min(520px,92vw)}.unembed .glossary dl{max-height:65vh;overflow:auto}.unembed .glossary .chosen{background:var(--chosen)}.unembed .glossary h2{flex:1}.unembed .curve{width:100%;height:auto;display:block}.unembed .curve text{fill:var(--dim);font:11px system-ui,sans-serif}.unembed .curve .strong{fill:var(--ink);font-weight:600}.unembed .curve polyline{fill:none;stroke:var(--positive);stroke-width:2.5px}.unembed .curve circle{fill:var(--positive)}.unembed .grid-line{stroke:var(--line)}.unembed .layers{width:100%;max-width:640px}.unembed .layers .positive{fill:var(--positive)}.unembed .layers .negative{fill:var(--negative)}.unembed .layers text{fill:var(--dim);text-anchor:middle;font-size:7px}.unembed .layers .end{text-anchor:end}.unembed .layers .tick{stroke:var(--line)}@container (width<=520px){.unembed .layers text{font-size:10px}}.unembed .ledger .name{white-space:nowrap;text-overflow:ellipsis;max-width:17em;overflow:hidden}.unembed .ledger .wide-only{width:30%}.unembed .ledger .twisty{cursor:pointer;width:1.2em;display:inline-block}.unembed .ledger .level-2 .name{padding-left:1.6em}.unembed .ledger .level-3 .name{padding-left:3.2em}.unembed .ledger tr:hover,.unembed .ledger tr.hovered{background:var(--hover)}.unembed .ledger tr[aria-selected=true]{background:var(--chosen)}@container (width<=520px){.unembed .ledger{font-size:.9em}.unembed .ledger .name{white-space:normal;max-width:8.5em}.unembed .ledger thead th{white-space:normal}}.unembed .looked th{white-space:nowrap;width:1%;font-weight:600}.unembed .looked .rest{background:var(--line)}.unembed .lost,.unembed .standing{max-width:min(1182px,100% - 20px);margin:12px auto 0}.unembed .lost{border-color:var(--error)}.unembed .lost p{overflow-wrap:anywhere;margin:0 0 8px}.unembed .pins{gap:4px;margin:0 0 6px;padding:0;list-style:none;display:grid}.unembed .pins li{border-bottom:1px solid var(--line);padding-bottom:10px}.unembed .pins .controls{margin:4px 0}.unembed .predictions td:last-child{width:45%}.unembed .amount{min-width:50px;height:.8em;display:block}.unembed .amount span{background:var(--positive);height:100%;display:block}.unembed .panel-sentence{background:0 0;border:0;padding:0}.unembed .sentence{letter-spacing:-.01em;text-wrap:pretty;overflow-wrap:anywhere;max-width:84ch;min-height:8.7em;margin:0;font-size:1.4em;line-height:1.45}@container (width>=900px){.unembed .sentence{min-height:4.35em;font-size:1.7em}}.unembed .said-token{white-space:nowrap;font-weight:650}.unembed .said-number{font-variant-numeric:tabular-nums;color:var(--accent);font-weight:650}.unembed .sentence button{border:0;border-bottom:2px solid var(--mark);background:0 0;border-radius:0;padding:0;font-weight:650}.unembed .sentence button[aria-pressed=true]{background:var(--chosen)}.unembed .waiting{color:var(--dim);font-size:.7em}.unembed .start{max-width:720px;font-size:1.15em}.unembed .start h2{font-size:1.6em}.unembed .start ul{gap:8px;padding:0;list-style:none;display:grid}.unembed .start button{text-align:start;border-color:var(--line);border-radius:8px;width:100%;padding:10px 14px}.unembed .start .small{display:block}.unembed .study .fields{flex-wrap:wrap;align-items:baseline;gap:8px 20px;margin-bottom:10px;display:flex}.unembed .study .plain{text-align:start;background:0 0;border:0;padding:0}.unembed .study tbody .plain{text-decoration:underline}.unembed .study .group th{padding-top:12px;font-weight:600}.unembed .back{margin:0 0 8px}.unembed .token.found{outline:2px dashed var(--accent);outline-offset:1px}.unembed .panel-strip .note{min-height:4.4em}@container (width>=820px){.unembed .panel-strip .note{min-height:2.9em}}@container (width>=1250px){.unembed .panel-strip .note{min-height:1.45em}}.unembed .sign{text-align:center;white-space:nowrap;width:6ch;font-size:.85em}.unembed .role{display:block}.unembed .text{overflow-wrap:anywhere;max-height:60vh;padding:2px 2px 6px;font:500 1.75em/1.6 ui-serif,Georgia,DejaVu Serif,serif;overflow:auto}.unembed .word{vertical-align:top;font:inherit;color:var(--ink);text-align:start;background:0 0;border:0;border-radius:6px;justify-items:center;margin:0 0 .15em;padding:0;line-height:1.3;display:inline-grid}.unembed .word-text{text-align:center;border-radius:6px;min-width:100%;padding:2px 6px 3px}.unembed .unread{vertical-align:top;color:var(--dim);white-space:pre-wrap;margin:0;padding:2px 0;line-height:1.3;display:inline-block}.unembed .word small{white-space:nowrap;color:var(--dim);font-variant-numeric:tabular-nums;padding:0 2px;font:.46em/1.7 system-ui,sans-serif}.unembed .word:hover:not(:disabled){background:0 0}.unembed .word:hover .word-text{outline:2px solid var(--accent)}.unembed .word[aria-pressed=true]{font-weight:inherit;background:0 0}.unembed .word[aria-pressed=true] .word-text{box-shadow:0 0 0 2px var(--accent)}.unembed .word.rests .word-text{outline:1.5px dashed var(--dim);outline-offset:-1.5px}.unembed .word.last .word-text{box-shadow:inset 0 0 0 1.5px var(--line)}.unembed .turn{color:var(--dim);text-transform:uppercase;letter-spacing:.06em;font:.5em/1.6 system-ui,sans-serif;display:block}.unembed .answer{white-space:nowrap}.unembed .arrow{color:var(--dim);padding:0 10px}.unembed .said{font:inherit;border:2px solid var(--accent);color:var(--accent);background:0 0;border-radius:8px;padding:1px 12px;font-weight:600;line-height:1.3}.unembed .said .small{font:500 .55em system-ui,sans-serif}.unembed .alternatives{color:var(--dim);flex-wrap:wrap;align-items:center;gap:6px 8px;margin:6px 0;display:flex}.unembed .alternative{border-color:var(--line);border-radius:99px;padding:1px 10px}.unembed .compare-with select{border-color:var(--line)}.unembed .without{overflow-wrap:anywhere;min-height:1.6em;margin:8px 0 4px}.unembed .key{color:var(--dim);margin:4px 0 0;font-size:.9em}.unembed .swatch{border:1px solid var(--line);border-radius:3px;width:1em;height:.8em;display:inline-block}.unembed .swatch.falls{background:var(--mark)}.unembed .swatch.rises{background:var(--mark-negative)}.unembed .swatch.dashed{border:1.5px dashed var(--dim)}.unembed .text.long{max-height:45vh;font-size:1.1em}.unembed .text.long .word{display:inline}.unembed .text.long .word-text{-webkit-box-decoration-break:clone;box-decoration-break:clone;padding:1px 3px}.unembed .text.long .word small{font-size:.75em}.unembed .text :is(small,.small){direction:ltr;unicode-bidi:isolate}";
// src/main.tsx
function ap(e, t, n) {
	op(n);
	let r = document.createElement("div");
	return n.replaceChildren(r), be(/* @__PURE__ */ M($f, { page: new Ts(e, t) }), r), () => be(null, r);
}
function op(e) {
	let t = e.getRootNode(), n = t instanceof ShadowRoot ? t : document.head;
	if (n.querySelector("style[data-unembed]")) return;
	let r = document.createElement("style");
	r.dataset.unembed = "", r.textContent = ip, n.append(r);
}
function sp({ model: e, el: t }) {
	let n = e.get("data");
	return ap({
		...n,
		host: "widget"
	}, n.live === !1 ? fr(n.results) : mr(e), t);
}
var cp = document.getElementById("unembed"), lp = document.getElementById("unembed-data")?.textContent;
if (cp && lp) {
	let e = JSON.parse(lp);
	ap(e, e.host === "report" ? fr(e.results) : ir(e.token), cp);
}
var up = { render: sp };
export { up as default };
