-- What a budget does at shares of its cap, such as "80% warn,90% stop".
ALTER TABLE budget ADD COLUMN alerts TEXT NOT NULL DEFAULT '';
