"""What Spark forks its Python workers from: as pyspark's own, but it has scored some customers itself.

So each worker begins with packages imported and compiled loops loaded, in place of doing both again.
"""

from pyspark.daemon import manager

from ltv_bayes.scoring.saved import model_of
from tests.scoring.values import AS_OF, frame, plain

if __name__ == "__main__":
    model_of(plain()).score(frame().head(3), as_of=AS_OF)
    manager()
