def outer(a):
    def inner(b):
        return helper(b)
    return inner(a)
def helper(c):
    return c
