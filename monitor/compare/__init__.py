"""Station 2: releases × what is known → changes."""
