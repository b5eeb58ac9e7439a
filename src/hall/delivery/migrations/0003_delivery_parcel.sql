-- A courier gives a number once: two orders with the same one are a slip of the hand.
CREATE UNIQUE INDEX delivery_parcel ON delivery (courier, number);
