-- What runs a server, and what of the network it reaches. Servers of before ran as processes.
ALTER TABLE servers ADD COLUMN runtime TEXT NOT NULL DEFAULT 'process';
ALTER TABLE servers ADD COLUMN network TEXT NOT NULL DEFAULT 'internet';
