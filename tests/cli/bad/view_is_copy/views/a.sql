COPY orders TO 'x.csv'
