"""A stand-in for Yahoo on 127.0.0.1: its chart JSON over real HTTP, with one behaviour per symbol and made-up bars.

`make yahoo-standin` runs it by hand, and YAHOO_URL points the application at it. It speaks plain HTTP: neither TLS
impersonation nor the cookies of `.yahoo.com` are exercised.
"""
