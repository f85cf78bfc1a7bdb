int zubr_nothing_here_yet();
