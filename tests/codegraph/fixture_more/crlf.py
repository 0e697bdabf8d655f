import uni

def twice(n):
    return uni.größe(n) * 2
print(twice(1))
