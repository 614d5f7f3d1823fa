"""The attack list: what a hostile model might try if it could run code in a child.

A program that the host starts in place of the child, in the same sandbox. It refuses to begin
without one, because it forks, mounts and signals as soon as nothing stops it.
"""
