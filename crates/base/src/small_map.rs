//! A map for a handful of entries: a list that is searched. Owns nothing else.
//!
//! A page has one pipeline, a few players and a few open spans: a tree's code would weigh more than all that
//! it holds.

/// A map with its entries in the order in which they came.
#[derive(Debug, Clone)]
pub struct SmallMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq + Copy, V> SmallMap<K, V> {
    fn position(&self, key: K) -> Option<usize> {
        self.0.iter().position(|(known, _)| *known == key)
    }

    /// Sets an entry, in the place of one with the same key.
    pub fn insert(&mut self, key: K, value: V) {
        match self.get_mut(key) {
            Some(known) => *known = value,
            None => self.0.push((key, value)),
        }
    }

    /// An entry's value.
    pub fn get(&self, key: K) -> Option<&V> {
        self.position(key).map(|at| &self.0[at].1)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.position(key).map(|at| &mut self.0[at].1)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: K) -> Option<V> {
        self.position(key).map(|at| self.0.remove(at).1)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All entries, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// All entries, to change their values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (*key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_one_entry_a_key_in_order() {
        let mut map = SmallMap::default();
        map.insert(2, 'b');
        map.insert(1, 'a');
        map.insert(2, 'c');
        assert_eq!(map.iter().collect::<Vec<_>>(), [(2, &'c'), (1, &'a')]);
        assert_eq!((map.remove(2), map.remove(2), map.len(), map.is_empty()), (Some('c'), None, 1, false));
        assert_eq!(map.get_mut(1).copied(), Some('a'));
    }
}
